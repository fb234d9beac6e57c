-- The run's clock: its newest cycle and that cycle's state, or its first minute before there is one. The cycle stays
-- locked until the transaction ends: no stage works on it meanwhile, so it is known which stage first sees a change.
SELECT coalesce(newest.time, runs.data_from) AS time, newest.state
FROM hydra.runs
LEFT JOIN LATERAL (
    SELECT cycles.time, cycles.state
    FROM hydra.cycles
    WHERE cycles.run_id = runs.run_id
    ORDER BY cycles.time DESC
    LIMIT 1
    FOR UPDATE
) AS newest ON true
WHERE runs.run_id = %(run_id)s;
