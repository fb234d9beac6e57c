-- The fills of a run.
SELECT f.trade_id, o.client_order_id, f.time, f.price, f.quantity, f.fee_usd, f.is_maker
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
WHERE o.run_id = %(run_id)s;
