-- The columns of a run that its answers show.
SELECT run_id, mode, market_origin, label, feeds, config, started_at, ended_at, end_reason
FROM hydra.runs
WHERE run_id = %(run_id)s
