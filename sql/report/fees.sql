-- Fees of the closed positions of a run, by whether we provided the liquidity.
SELECT f.is_maker, sum(f.fee_usd) AS fees_usd
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN hydra.positions AS p USING (position_id)
WHERE o.run_id = %(run_id)s AND p.state = 'CLOSED'
GROUP BY f.is_maker
ORDER BY f.is_maker
