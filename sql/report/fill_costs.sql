-- What the fills of the closed positions of a run cost against the price at their decision, by pair and by
-- whether we provided the liquidity; notional_usd is at that price.
SELECT
    i.base,
    f.is_maker,
    count(*) AS fills,
    sum(f.quantity * o.reference_price) AS notional_usd,
    sum(CASE o.side WHEN 'BUY' THEN 1 ELSE -1 END * (f.price - o.reference_price) * f.quantity) AS shortfall_usd
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN hydra.positions AS p USING (position_id)
JOIN market.instruments AS i ON i.instrument_id = o.instrument_id
WHERE o.run_id = %(run_id)s AND p.state = 'CLOSED'
GROUP BY i.base, f.is_maker
ORDER BY i.base, f.is_maker
