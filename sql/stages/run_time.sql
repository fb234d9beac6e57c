-- The run's clock: its newest cycle and how far that is; its first minute before there is one. The cycle stays
-- locked until the transaction ends: no stage works on it meanwhile, so that it is known which one sees a change.
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
