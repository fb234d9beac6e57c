-- Records which version decides a run from a minute on; at its first upgrade also the version that it began with.
INSERT INTO hydra.run_versions (
    run_id, number, time, state, code_version, readings_hash, feature_set_version, cost_model_version
)
SELECT run_id, 1, NULL, NULL, code_version, readings_hash, feature_set_version, cost_model_version
FROM hydra.runs
WHERE run_id = %(run_id)s AND NOT EXISTS (SELECT FROM hydra.run_versions WHERE run_id = %(run_id)s)
UNION ALL
SELECT
    %(run_id)s, coalesce(max(number), 1) + 1, %(time)s, %(state)s,
    %(code_version)s, %(readings_hash)s, %(feature_set_version)s, %(cost_model_version)s
FROM hydra.run_versions
WHERE run_id = %(run_id)s;
