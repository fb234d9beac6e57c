-- The versions that decided a run, in order, each with its first minute.
SELECT first_minute, code_version, readings_hash, feature_set_version, cost_model_version
FROM audit.versions_of_runs
WHERE run_id = %(run_id)s
ORDER BY number;
