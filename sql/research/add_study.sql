-- Records a study, unless its name is taken.
INSERT INTO ml.studies (
    name, kind, market, data_from, data_to, data_hash, specification, readings_hash, code_version
)
VALUES (
    %(name)s, %(kind)s, %(market)s, %(data_from)s, %(data_to)s, %(data_hash)s, %(specification)s, %(readings_hash)s,
    %(code_version)s
)
ON CONFLICT (name) DO NOTHING
RETURNING study_id;
