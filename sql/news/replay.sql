-- Repeat stored scans under a run, with their views and their known_at; nothing is asked. Which: of one other run, for
-- the pairs of the same name; or of all runs on the same pairs. Of runs at the same time the newest that was answered:
-- the same headlines, read by two runs, are no two scans in a row (C25).
WITH of_pairs AS (
    SELECT news_scans.*
    FROM hydra.news_scans
    JOIN hydra.runs USING (run_id)
    WHERE news_scans.run_id <> %(run_id)s
        AND news_scans.time >= %(start)s AND (%(end)s::timestamptz IS NULL OR news_scans.time < %(end)s)
        AND CASE
            WHEN %(of_run)s::bigint IS NOT NULL THEN news_scans.run_id = %(of_run)s
            ELSE news_scans.trigger <> 'replayed' AND EXISTS (
                SELECT FROM jsonb_array_elements(runs.config -> 'instrument_ids') AS own (instrument_id)
                WHERE own.instrument_id::smallint = ANY(%(instrument_ids)s)
            )
        END
),
chosen AS (
    SELECT of_pairs.* FROM of_pairs
    WHERE NOT EXISTS (
        SELECT FROM of_pairs AS newer
        WHERE newer.run_id > of_pairs.run_id AND newer.outcome IN ('ANALYZED', 'PARTIAL')
            AND newer.time > of_pairs.time - %(interval)s::interval
            AND newer.time < of_pairs.time + %(interval)s::interval
    )
),
repeated AS (
    INSERT INTO hydra.news_scans (
        run_id, time, trigger, outcome, detail, provider, model_id, item_ids, replayed_scan_id
    )
    SELECT %(run_id)s, time, 'replayed', outcome, detail, provider, model_id, item_ids, scan_id
    FROM chosen
    RETURNING scan_id, replayed_scan_id
),
views AS (
    SELECT DISTINCT ON (own.instrument_id, news_views.time)
        own.instrument_id, news_views.time, news_views.action, news_views.confidence, news_views.reason,
        news_views.model_id, news_views.item_ids, news_views.answer, repeated.scan_id, news_views.known_at
    FROM repeated
    JOIN hydra.news_views ON news_views.scan_id = repeated.replayed_scan_id
    JOIN market.instruments AS seen ON seen.instrument_id = news_views.instrument_id
    JOIN market.instruments AS own
        ON own.instrument_id = ANY(%(instrument_ids)s)
        AND (own.instrument_id = seen.instrument_id OR (%(of_run)s::bigint IS NOT NULL AND own.base = seen.base))
    ORDER BY own.instrument_id, news_views.time, news_views.scan_id DESC
),
stored AS (
    INSERT INTO hydra.news_views (
        run_id, instrument_id, time, action, confidence, reason, model_id, item_ids, answer, scan_id, known_at
    )
    SELECT %(run_id)s, views.* FROM views
    RETURNING 1
)
SELECT (SELECT count(*) FROM repeated), (SELECT count(*) FROM stored);
