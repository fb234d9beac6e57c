-- Positions whose net result is not gross - fees + funding, or whose fees are not those of their fills.
-- Must return no rows.
SELECT p.run_id, p.position_id, p.gross_pnl_usd, p.fees_usd, p.funding_usd, p.net_pnl_usd, f.fees_usd AS fill_fees_usd
FROM hydra.positions AS p
LEFT JOIN (
    SELECT o.position_id, sum(x.fee_usd) AS fees_usd
    FROM hydra.fills AS x JOIN hydra.orders AS o USING (order_id)
    GROUP BY o.position_id
) AS f USING (position_id)
WHERE p.net_pnl_usd <> p.gross_pnl_usd - p.fees_usd + p.funding_usd OR p.fees_usd <> coalesce(f.fees_usd, 0)
ORDER BY p.run_id, p.position_id
