-- The newest run that has not ended; with a number, that run. One row or none.
SELECT run_id FROM hydra.runs
WHERE run_id = %(run_id)s OR (%(run_id)s::bigint IS NULL AND ended_at IS NULL)
ORDER BY run_id DESC
LIMIT 1;
