-- Minutes whose approvals exceeded a limit of the run: the notional of one position, the total notional (C120),
-- leverage (C36), or the portfolio heat of 6 % (C39). Must return no rows.
WITH approvals AS (
    SELECT
        d.run_id, d.time,
        max(d.recommended_size_usd) AS largest_usd,
        max(d.recommended_leverage) AS leverage,
        sum(d.recommended_size_usd) AS approved_usd,
        sum(d.recommended_size_usd * (d.numbers->>'loss_at_stop')::numeric) AS approved_heat_usd
    FROM hydra.risk_decisions AS d
    WHERE d.approved
    GROUP BY d.run_id, d.time
), limits AS (
    SELECT
        run_id,
        (config->'settings'->>'max_position_size_usd')::numeric AS position_usd,
        (config->'settings'->>'max_total_exposure_usd')::numeric AS exposure_usd,
        (config->'settings'->>'max_leverage')::numeric AS leverage,
        coalesce((config#>>'{rules,risk,limits,max_heat}')::numeric, 0.06) AS heat
    FROM hydra.runs
)
SELECT a.run_id, a.time, a.largest_usd, e.exposure_usd, a.approved_usd, a.leverage, e.portfolio_heat,
    a.approved_heat_usd
FROM approvals AS a
JOIN limits AS l USING (run_id)
LEFT JOIN hydra.equity AS e USING (run_id, time)
WHERE a.largest_usd > l.position_usd * 1.000001
    OR a.leverage > l.leverage
    OR e.exposure_usd + a.approved_usd > l.exposure_usd * 1.000001
    OR e.portfolio_heat * e.equity_usd + a.approved_heat_usd > l.heat * e.equity_usd * 1.000001
ORDER BY a.run_id, a.time
