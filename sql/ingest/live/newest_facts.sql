-- The newest fact of each instrument, by table; trade_id: of a trade. Of feeds whose past no exchange gives: up to when
-- they were heard, or are recorded as not heard.
SELECT 'candles_1m' AS fact, pair.instrument_id, newest.time, NULL::bigint AS trade_id
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.candles_1m AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'trades', pair.instrument_id, newest.time, newest.trade_id
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time, trade_id FROM market.trades AS f
    WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC, trade_id DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'mark_prices', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.mark_prices AS f
    WHERE f.instrument_id = pair.instrument_id AND f.timeframe_minutes = 1 ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'funding_rates', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.funding_rates AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'open_interest', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.open_interest AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT 'positioning', pair.instrument_id, newest.time, NULL
FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
CROSS JOIN LATERAL (
    SELECT time FROM market.positioning AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
) AS newest
UNION ALL
SELECT
    heard.source_table,
    heard.instrument_id,
    greatest(heard.time, (
        SELECT max(g.gap_end) FROM market.gaps AS g
        WHERE g.source_table = heard.source_table AND g.instrument_id = heard.instrument_id
    )),
    NULL
FROM (
    SELECT 'premium_index' AS source_table, pair.instrument_id, newest.time
    FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
    CROSS JOIN LATERAL (
        SELECT time FROM market.premium_index AS f WHERE f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
    ) AS newest
    UNION ALL
    SELECT beats.source_table, pair.instrument_id, newest.time
    FROM unnest(%(instrument_ids)s::smallint[]) AS pair (instrument_id)
    CROSS JOIN (VALUES ('liquidations', 'liquidations'), ('order_books', 'order_book')) AS beats (source_table, feed)
    CROSS JOIN LATERAL (
        SELECT time FROM market.feed_heartbeats AS f
        WHERE f.feed = beats.feed AND f.instrument_id = pair.instrument_id ORDER BY time DESC LIMIT 1
    ) AS newest
) AS heard;
