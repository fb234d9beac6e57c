-- Records that waiting rows of a venue were lost: those known after %(started_at)s, or after where ingest has come, and
-- up to %(ended_at)s. A candle that was known then may have opened a minute before. What the exchange keeps is fetched
-- again, until then its repair is null.
INSERT INTO market.interruptions (venue, feed, instrument_id, started_at, ended_at, cause, repair)
SELECT
    i.venue,
    lost.feed,
    i.instrument_id,
    coalesce(%(started_at)s, p.committed_through, %(ended_at)s) - interval '1 minute',
    %(ended_at)s,
    'DROPPED',
    CASE WHEN NOT lost.is_kept THEN 'LOST' END
FROM market.instruments AS i
LEFT JOIN market.ingest_progress AS p USING (venue)
CROSS JOIN (VALUES
    ('candles_1m', true),
    ('mark_prices', true),
    ('trades', true),
    ('order_books', false),
    ('liquidations', false),
    ('premium_index', false)
) AS lost (feed, is_kept)
WHERE i.venue = %(venue)s;
