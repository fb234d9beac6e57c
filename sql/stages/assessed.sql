-- Layer 2's verdicts of a minute with what the generators read, and the newest two news views of every pair that
-- were known by then and count still, newest first: [action, confidence, time, known_at, time of the scan before],
-- microseconds.
SELECT
    assessments.instrument_id,
    assessments.tradability,
    assessments.reason_code,
    assessments.regime,
    assessments.volatility_regime,
    assessments.cascade_probability,
    assessments.numbers,
    views.newest_first AS news
FROM hydra.assessments
LEFT JOIN LATERAL (
    SELECT
        jsonb_agg(
            jsonb_build_array(
                newest.action,
                newest.confidence,
                (extract(epoch FROM newest.time) * 1000000)::bigint,
                (extract(epoch FROM newest.known_at) * 1000000)::bigint,
                (extract(epoch FROM newest.scan_before) * 1000000)::bigint
            )
            ORDER BY newest.time DESC
        ) AS newest_first
    FROM (
        SELECT
            news_views.action,
            news_views.confidence,
            news_views.time,
            news_views.known_at,
            (
                SELECT max(scans.time) FROM hydra.news_scans AS scans
                WHERE scans.run_id = news_views.run_id AND scans.time < news_views.time
            ) AS scan_before
        FROM hydra.news_views
        WHERE news_views.run_id = assessments.run_id AND news_views.instrument_id = assessments.instrument_id
            AND news_views.known_at <= %(as_of)s AND news_views.time > %(as_of)s - %(news_counts_for)s
        ORDER BY news_views.time DESC
        LIMIT 2
    ) AS newest
) AS views ON true
WHERE assessments.run_id = %(run_id)s AND assessments.time = %(time)s
ORDER BY assessments.instrument_id;
