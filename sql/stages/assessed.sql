-- Layer 2's verdicts of a minute with what the generators read, and the newest news view of every pair.
-- A news view is valid for two scans of the news (30 minutes each).
SELECT
    assessments.instrument_id,
    assessments.tradability,
    assessments.reason_code,
    assessments.regime,
    assessments.volatility_regime,
    assessments.cascade_probability,
    assessments.numbers,
    views.action AS news_action
FROM hydra.assessments
LEFT JOIN LATERAL (
    SELECT news_views.action FROM hydra.news_views
    WHERE news_views.run_id = assessments.run_id AND news_views.instrument_id = assessments.instrument_id
        AND news_views.time <= %(as_of)s AND news_views.time > %(as_of)s - interval '60 minutes'
    ORDER BY news_views.time DESC
    LIMIT 1
) AS views ON true
WHERE assessments.run_id = %(run_id)s AND assessments.time = %(time)s
ORDER BY assessments.instrument_id;
