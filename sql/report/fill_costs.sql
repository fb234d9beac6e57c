-- Costs of the fills of a run's closed positions, by position, maker or taker, and evidence: fees, and the distance
-- from the price at the decision; notional_usd is at that price.
SELECT
    p.position_id,
    i.base,
    f.is_maker,
    f.evidence,
    count(*) AS fills,
    sum(f.fee_usd) AS fees_usd,
    sum(f.quantity * o.reference_price) AS notional_usd,
    sum(CASE o.side WHEN 'BUY' THEN 1 ELSE -1 END * (f.price - o.reference_price) * f.quantity) AS shortfall_usd
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN hydra.positions AS p USING (position_id)
JOIN market.instruments AS i ON i.instrument_id = o.instrument_id
WHERE o.run_id = %(run_id)s AND p.state = 'CLOSED'
GROUP BY p.position_id, i.base, f.is_maker, f.evidence
ORDER BY p.position_id, f.is_maker, f.evidence
