-- Facts with a known_at before they were true: a candle before its close, anything else before its time. Order books and
-- trades are many: of each instrument the newest 17,280 books and 100,000 trades. Must return no rows.
SELECT 'candles_1m' AS source_table, instrument_id::text AS subject, time, known_at
FROM market.candles_1m WHERE known_at < time + interval '1 minute'
UNION ALL
SELECT 'candles_5m_recorded', instrument_id::text, time, known_at
FROM market.candles_5m_recorded WHERE known_at < time + interval '5 minutes'
UNION ALL
SELECT 'mark_prices', instrument_id::text, time, known_at
FROM market.mark_prices WHERE known_at < time + timeframe_minutes * interval '1 minute'
UNION ALL
SELECT 'funding_rates', instrument_id::text, time, known_at FROM market.funding_rates WHERE known_at < time
UNION ALL
SELECT 'open_interest', instrument_id::text, time, known_at FROM market.open_interest WHERE known_at < time
UNION ALL
SELECT 'positioning', instrument_id::text, time, known_at FROM market.positioning WHERE known_at < time
UNION ALL
SELECT 'liquidations', instrument_id::text, time, known_at FROM market.liquidations WHERE known_at < time
UNION ALL
SELECT 'order_books', b.instrument_id::text, b.time, b.known_at
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT own.instrument_id, own.time, own.known_at FROM market.order_books AS own
    WHERE own.instrument_id = i.instrument_id
    ORDER BY own.time DESC
    LIMIT 17280
) AS b
WHERE b.known_at < b.time
UNION ALL
SELECT 'trades', t.instrument_id::text, t.time, t.known_at
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT own.instrument_id, own.time, own.known_at FROM market.trades AS own
    WHERE own.instrument_id = i.instrument_id
    ORDER BY own.time DESC
    LIMIT 100000
) AS t
WHERE t.known_at < t.time
UNION ALL
SELECT 'sentiment', source, time, known_at FROM market.sentiment WHERE known_at < time
UNION ALL
SELECT 'news_items', item_id, time, known_at FROM market.news_items WHERE known_at < time
ORDER BY source_table, subject, time
