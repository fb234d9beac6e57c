-- Runs whose newest cash is not their first cash plus what their positions earned, fees and funding included
-- (C122). Fills later than the newest equity row wait for the next one. Must return no rows.
SELECT e.run_id, e.time, e.first_cash_usd, e.cash_usd, p.net_pnl_usd
FROM (
    SELECT DISTINCT ON (run_id)
        run_id, time, cash_usd, first_value(cash_usd) OVER (PARTITION BY run_id ORDER BY time) AS first_cash_usd
    FROM hydra.equity
    ORDER BY run_id, time DESC
) AS e
CROSS JOIN LATERAL (
    SELECT coalesce(sum(net_pnl_usd), 0) AS net_pnl_usd FROM hydra.positions WHERE run_id = e.run_id
) AS p
WHERE e.cash_usd <> e.first_cash_usd + p.net_pnl_usd
    AND NOT EXISTS (
        SELECT FROM hydra.fills AS f JOIN hydra.orders AS o USING (order_id)
        WHERE o.run_id = e.run_id AND f.time > e.time
    )
ORDER BY e.run_id
