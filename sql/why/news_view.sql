-- The newest two news views of a pair that were known at a minute's as_of, newest first, however old.
SELECT
    action,
    confidence,
    reason,
    model_id,
    time,
    known_at,
    extract(epoch FROM %(as_of)s - time)::float8 AS age_seconds,
    (
        SELECT max(scans.time) FROM hydra.news_scans AS scans
        WHERE scans.run_id = news_views.run_id AND scans.time < news_views.time
    ) AS scan_before
FROM hydra.news_views
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND known_at <= %(as_of)s
ORDER BY time DESC
LIMIT 2
