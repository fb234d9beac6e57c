-- The numbers of all runs.
SELECT run_id FROM hydra.runs ORDER BY run_id;
