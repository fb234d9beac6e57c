-- Stores the feature vectors that a minute was decided with.
INSERT INTO hydra.features (run_id, instrument_id, time, feature_set_version, vector, newest_known_at)
SELECT run_id, instrument_id, time, feature_set_version, vector, newest_known_at
FROM jsonb_populate_recordset(NULL::hydra.features, %(rows)s::jsonb);
