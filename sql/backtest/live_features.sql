-- The feature vectors of a run, as they were used.
SELECT instrument_id, time, feature_set_version, vector, newest_known_at
FROM hydra.features
WHERE run_id = %(run_id)s AND time >= %(start)s AND time <= %(end)s;
