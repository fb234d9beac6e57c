-- Runs whose newest cash is not their first cash plus what their positions earned, fees and funding included
-- (C122). What was booked later than the newest equity row waits for the next one. Must return no rows.
SELECT e.run_id, e.time, e.first_cash_usd, e.cash_usd, p.net_pnl_usd
FROM (
    SELECT DISTINCT ON (run_id)
        run_id, time, cash_usd, recorded_at, first_value(cash_usd) OVER (PARTITION BY run_id ORDER BY time) AS first_cash_usd
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
    AND NOT EXISTS (
        -- An exchange tells late what happened before the end of a minute.
        SELECT FROM hydra.position_events AS v
        JOIN hydra.positions AS held USING (position_id)
        JOIN hydra.runs AS r USING (run_id)
        WHERE held.run_id = e.run_id AND r.mode IN ('testnet', 'live') AND v.amount_usd IS NOT NULL
            AND v.recorded_at > e.recorded_at - interval '5 seconds'
    )
ORDER BY e.run_id
