-- The headlines that a scan shows: known within the window, no repetitions, the newest, of no source too many.
-- A headline is new if no scan of the run that was answered has shown it.
WITH shown AS (
    SELECT DISTINCT unnest(news_scans.item_ids) AS item_id FROM hydra.news_scans
    WHERE news_scans.run_id = %(run_id)s AND news_scans.time > %(time)s - %(window)s::interval
        AND news_scans.outcome IN ('ANALYZED', 'PARTIAL')
), known AS (
    SELECT
        news_items.item_id,
        news_items.time,
        news_items.source,
        news_items.title,
        news_items.summary,
        news_items.instrument_ids,
        news_items.known_at,
        row_number() OVER (PARTITION BY news_items.source ORDER BY news_items.known_at DESC, news_items.item_id)
            AS number_of_source
    FROM market.news_items
    WHERE news_items.known_at <= %(time)s AND news_items.known_at > %(time)s - %(window)s::interval
        AND news_items.time > %(time)s - 2 * %(window)s::interval
        AND news_items.duplicate_of IS NULL
)
SELECT
    known.item_id,
    known.time,
    known.source,
    known.title,
    known.summary,
    known.instrument_ids,
    shown.item_id IS NULL AS is_new
FROM known
LEFT JOIN shown ON shown.item_id = known.item_id
WHERE known.number_of_source <= %(most_of_source)s
ORDER BY known.known_at DESC, known.item_id
LIMIT %(most)s;
