-- How far a run has come: its end if any, the newest cycle and how long it has been waiting.
SELECT
    runs.ended_at IS NOT NULL AS is_ended,
    runs.end_reason,
    newest.time,
    newest.state,
    extract(epoch FROM clock_timestamp() - newest.opened_at)::float8 AS waiting_seconds
FROM hydra.runs
LEFT JOIN LATERAL (
    SELECT time, state, opened_at FROM hydra.cycles
    WHERE cycles.run_id = runs.run_id ORDER BY time DESC LIMIT 1
) AS newest ON true
WHERE runs.run_id = %(run_id)s;
