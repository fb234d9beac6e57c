-- The views of the news analyst that are stored under a run.
SELECT instrument_id, time, known_at, action, confidence
FROM hydra.news_views
WHERE run_id = %(run_id)s
ORDER BY instrument_id, known_at, time;
