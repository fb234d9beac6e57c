-- The views of the news analyst that are stored under a run.
SELECT
    instrument_id,
    time,
    known_at,
    action,
    confidence,
    (
        SELECT max(scans.time) FROM hydra.news_scans AS scans
        WHERE scans.run_id = news_views.run_id AND scans.time < news_views.time
    ) AS scan_before
FROM hydra.news_views
WHERE run_id = %(run_id)s
ORDER BY instrument_id, known_at, time;
