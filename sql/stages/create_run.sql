-- Records a new run and gives its number.
INSERT INTO hydra.runs (
    mode, market_origin, label, seed, feeds, config, config_hash, readings_hash,
    feature_set_version, cost_model_version, code_version, data_from, data_to
)
VALUES (
    %(mode)s, %(market_origin)s, %(label)s, %(seed)s, %(feeds)s, %(config)s, %(config_hash)s, %(readings_hash)s,
    %(feature_set_version)s, %(cost_model_version)s, %(code_version)s, %(data_from)s, %(data_to)s
)
RETURNING run_id;
