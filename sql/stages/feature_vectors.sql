-- The stored feature vectors of some pairs in a minute of a run.
SELECT instrument_id, feature_set_version, vector
FROM hydra.features
WHERE run_id = %(run_id)s AND instrument_id = ANY(%(instrument_ids)s) AND time = %(time)s;
