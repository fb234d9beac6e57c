-- The newest news view of a pair that existed at a minute.
SELECT action, confidence, reason, model_id, time, extract(epoch FROM %(time)s - time)::float8 AS age_seconds
FROM hydra.news_views
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND time <= %(time)s
ORDER BY time DESC
LIMIT 1
