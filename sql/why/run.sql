-- A run as its answers name it.
SELECT run_id, mode, market_origin, label, feeds, config, started_at, ended_at, end_reason
FROM hydra.runs
WHERE run_id = %(run_id)s
