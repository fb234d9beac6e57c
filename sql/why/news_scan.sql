-- The newest scan of the news that had begun at a minute's as_of, and whether it left a view of the pair.
SELECT
    outcome,
    detail,
    provider,
    model_id,
    time,
    extract(epoch FROM %(as_of)s - time)::float8 AS age_seconds,
    EXISTS (
        SELECT FROM hydra.news_views
        WHERE news_views.scan_id = news_scans.scan_id AND news_views.instrument_id = %(instrument_id)s
    ) AS has_view
FROM hydra.news_scans
WHERE run_id = %(run_id)s AND time <= %(as_of)s
ORDER BY time DESC, scan_id DESC
LIMIT 1
