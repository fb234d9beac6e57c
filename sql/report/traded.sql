-- Notional of all fills of a run, entries and exits, USDT.
SELECT coalesce(sum(f.price * f.quantity), 0)::double precision AS traded_usd
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
WHERE o.run_id = %(run_id)s
