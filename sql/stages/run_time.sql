-- The run's clock: its newest cycle, or its first minute before there is one.
SELECT coalesce((SELECT max(time) FROM hydra.cycles WHERE run_id = %(run_id)s), data_from) AS time
FROM hydra.runs
WHERE run_id = %(run_id)s;
