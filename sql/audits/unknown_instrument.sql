-- Facts of instruments that market.instruments does not know (hypertables carry no foreign key).
-- Must return no rows.
-- The instruments of order books, trades and heartbeats, which are many, are looked up one after the other.
WITH RECURSIVE of_books AS (
    (SELECT instrument_id FROM market.order_books ORDER BY instrument_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT n.instrument_id FROM market.order_books AS n
        WHERE n.instrument_id > o.instrument_id ORDER BY n.instrument_id LIMIT 1
    )
    FROM of_books AS o WHERE o.instrument_id IS NOT NULL
), of_trades AS (
    (SELECT instrument_id FROM market.trades ORDER BY instrument_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT n.instrument_id FROM market.trades AS n
        WHERE n.instrument_id > o.instrument_id ORDER BY n.instrument_id LIMIT 1
    )
    FROM of_trades AS o WHERE o.instrument_id IS NOT NULL
), of_heartbeats AS (
    (SELECT feed, instrument_id FROM market.feed_heartbeats ORDER BY feed, instrument_id LIMIT 1)
    UNION ALL
    SELECT following.feed, following.instrument_id
    FROM of_heartbeats AS o
    CROSS JOIN LATERAL (
        SELECT n.feed, n.instrument_id FROM market.feed_heartbeats AS n
        WHERE (n.feed, n.instrument_id) > (o.feed, o.instrument_id) ORDER BY n.feed, n.instrument_id LIMIT 1
    ) AS following
)
SELECT f.source_table, f.instrument_id
FROM (
    SELECT DISTINCT 'candles_1m' AS source_table, instrument_id FROM market.candles_1m
    UNION ALL SELECT DISTINCT 'candles_5m_recorded', instrument_id FROM market.candles_5m_recorded
    UNION ALL SELECT DISTINCT 'funding_rates', instrument_id FROM market.funding_rates
    UNION ALL SELECT DISTINCT 'mark_prices', instrument_id FROM market.mark_prices
    UNION ALL SELECT DISTINCT 'open_interest', instrument_id FROM market.open_interest
    UNION ALL SELECT DISTINCT 'positioning', instrument_id FROM market.positioning
    UNION ALL SELECT DISTINCT 'liquidations', instrument_id FROM market.liquidations
    UNION ALL SELECT 'order_books', instrument_id FROM of_books WHERE instrument_id IS NOT NULL
    UNION ALL SELECT 'trades', instrument_id FROM of_trades WHERE instrument_id IS NOT NULL
    UNION ALL SELECT DISTINCT 'feed_heartbeats', instrument_id FROM of_heartbeats
    UNION ALL SELECT DISTINCT 'features', instrument_id FROM hydra.features
) AS f
LEFT JOIN market.instruments AS i USING (instrument_id)
WHERE i.instrument_id IS NULL
ORDER BY f.source_table, f.instrument_id
