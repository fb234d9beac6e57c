-- Records holes in the feeds whose past no exchange keeps: waiting rows of a venue were lost (see add_lost_rows).
INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows, cause)
SELECT
    lost.feed,
    i.instrument_id,
    coalesce(%(started_at)s, p.committed_through, %(ended_at)s) - interval '1 minute',
    %(ended_at)s,
    0,
    'SILENT'
FROM market.instruments AS i
LEFT JOIN market.ingest_progress AS p USING (venue)
CROSS JOIN (VALUES ('order_books'), ('liquidations'), ('premium_index')) AS lost (feed)
WHERE i.venue = %(venue)s
ON CONFLICT DO NOTHING;
