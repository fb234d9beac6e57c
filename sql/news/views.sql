-- The newest view of each pair of a run, with its age by the run's clock, and the newest scan that left it so.
SELECT
    instruments.base AS symbol,
    views.action,
    views.confidence,
    views.reason,
    views.model_id,
    views.scan_id,
    views.time,
    extract(EPOCH FROM %(time)s - views.known_at)::float8 AS age_s
FROM hydra.runs
CROSS JOIN LATERAL jsonb_array_elements_text(runs.config -> 'instrument_ids') AS ids (instrument_id)
INNER JOIN market.instruments ON instruments.instrument_id = ids.instrument_id::int
LEFT JOIN LATERAL (
    SELECT news_views.* FROM hydra.news_views
    WHERE news_views.run_id = runs.run_id AND news_views.instrument_id = instruments.instrument_id
    ORDER BY news_views.known_at DESC
    LIMIT 1
) AS views ON TRUE
WHERE runs.run_id = %(run_id)s
ORDER BY instruments.instrument_id;
