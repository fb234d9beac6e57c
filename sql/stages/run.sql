-- A run by its number.
SELECT
    run_id, started_at, mode, market_origin, label, seed, feeds, config, config_hash, readings_hash,
    feature_set_version, cost_model_version, code_version, data_from, data_to, ended_at, end_reason
FROM hydra.runs
WHERE run_id = %(run_id)s;
