-- Funding settlements during the life of a simulated position that were known before it closed and were not booked,
-- gaps of the data included (C132). Runs with an older cost model are left out. Must return no rows.
SELECT p.run_id, p.position_id, p.instrument_id, f.time, f.rate
FROM hydra.positions AS p
JOIN hydra.runs AS r USING (run_id)
CROSS JOIN LATERAL (
    SELECT max(c.time) AS time, max(c.as_of) AS as_of FROM hydra.cycles AS c WHERE c.run_id = p.run_id
) AS last
JOIN market.funding_rates AS f
    ON f.instrument_id = p.instrument_id AND f.time >= p.opened_time
    AND f.time < coalesce(p.closed_time, last.time) AND f.known_at <= coalesce(p.closed_time, last.as_of)
LEFT JOIN hydra.position_events AS e
    ON e.position_id = p.position_id AND e.kind = 'FUNDING' AND e.time = f.time
WHERE r.mode IN ('paper', 'backtest') AND r.cost_model_version <> '1' AND e.position_id IS NULL
ORDER BY p.run_id, p.position_id, f.time
