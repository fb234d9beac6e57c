-- Which facts are stored: per kind and venue the number of instruments and rows, first and last time.
WITH stored AS (
    SELECT 'candles 1 m' AS fact, 1 AS place, instrument_id, count(*) AS row_count, min(time) AS first_time, max(time) AS last_time
    FROM market.candles_1m GROUP BY instrument_id
    UNION ALL
    SELECT 'candles 5 m as recorded', 2, instrument_id, count(*), min(time), max(time)
    FROM market.candles_5m_recorded GROUP BY instrument_id
    UNION ALL
    SELECT 'mark prices', 3, instrument_id, count(*), min(time), max(time)
    FROM market.mark_prices GROUP BY instrument_id
    UNION ALL
    SELECT 'settled funding', 4, instrument_id, count(*), min(time), max(time)
    FROM market.funding_rates GROUP BY instrument_id
    UNION ALL
    SELECT 'open interest', 5, instrument_id, count(*), min(time), max(time)
    FROM market.open_interest GROUP BY instrument_id
    UNION ALL
    SELECT 'positioning', 6, instrument_id, count(*), min(time), max(time)
    FROM market.positioning GROUP BY instrument_id
    UNION ALL
    SELECT 'liquidations', 7, instrument_id, count(*), min(time), max(time)
    FROM market.liquidations GROUP BY instrument_id
    UNION ALL
    SELECT 'order books', 8, instrument_id, count(*), min(time), max(time)
    FROM market.order_books GROUP BY instrument_id
    UNION ALL
    SELECT 'trades', 9, instrument_id, count(*), min(time), max(time)
    FROM market.trades GROUP BY instrument_id
)
SELECT
    stored.fact,
    instruments.venue,
    count(*) AS instruments,
    sum(stored.row_count)::bigint AS row_count,
    min(stored.first_time) AS first_time,
    max(stored.last_time) AS last_time
FROM stored
JOIN market.instruments USING (instrument_id)
GROUP BY stored.place, stored.fact, instruments.venue
ORDER BY stored.place, instruments.venue;
