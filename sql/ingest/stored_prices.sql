-- The stored price range of an instrument by hour, in the hours of a file's range and one hour around it, and before
-- and after it the nearest price within 30 days. From candles and mark bars of every length.
WITH around AS (
    SELECT time, low, high FROM market.candles_1m
    WHERE instrument_id = %(instrument_id)s
        AND time BETWEEN %(first_time)s - interval '1 hour' AND %(last_time)s + interval '1 hour'
    UNION ALL
    SELECT time, low, high FROM market.candles_5m_recorded
    WHERE instrument_id = %(instrument_id)s
        AND time BETWEEN %(first_time)s - interval '1 hour' AND %(last_time)s + interval '1 hour'
    UNION ALL
    SELECT time, low, high FROM market.mark_prices
    WHERE instrument_id = %(instrument_id)s AND timeframe_minutes <= 60
        AND time BETWEEN %(first_time)s - interval '1 hour' AND %(last_time)s + interval '1 hour'
    UNION ALL
    (
        SELECT time, low, high FROM market.candles_1m
        WHERE instrument_id = %(instrument_id)s
            AND time BETWEEN %(first_time)s - interval '30 days' AND %(first_time)s - interval '1 hour'
        ORDER BY time DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT time, low, high FROM market.candles_5m_recorded
        WHERE instrument_id = %(instrument_id)s
            AND time BETWEEN %(first_time)s - interval '30 days' AND %(first_time)s - interval '1 hour'
        ORDER BY time DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT time, low, high FROM market.mark_prices
        WHERE instrument_id = %(instrument_id)s AND timeframe_minutes <= 60
            AND time BETWEEN %(first_time)s - interval '30 days' AND %(first_time)s - interval '1 hour'
        ORDER BY time DESC LIMIT 1
    )
    UNION ALL
    (
        SELECT time, low, high FROM market.candles_1m
        WHERE instrument_id = %(instrument_id)s
            AND time BETWEEN %(last_time)s + interval '1 hour' AND %(last_time)s + interval '30 days'
        ORDER BY time LIMIT 1
    )
    UNION ALL
    (
        SELECT time, low, high FROM market.candles_5m_recorded
        WHERE instrument_id = %(instrument_id)s
            AND time BETWEEN %(last_time)s + interval '1 hour' AND %(last_time)s + interval '30 days'
        ORDER BY time LIMIT 1
    )
    UNION ALL
    (
        SELECT time, low, high FROM market.mark_prices
        WHERE instrument_id = %(instrument_id)s AND timeframe_minutes <= 60
            AND time BETWEEN %(last_time)s + interval '1 hour' AND %(last_time)s + interval '30 days'
        ORDER BY time LIMIT 1
    )
)

SELECT date_bin('1 hour', time, timestamptz '2000-01-01Z') AS time, min(low) AS low, max(high) AS high
FROM around
WHERE low > 0
GROUP BY 1
ORDER BY 1
