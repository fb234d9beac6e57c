-- The price ranges that are stored of an instrument in some hours of a file, at the begin of each, and the nearest ones
-- within 30 days before and after the file. From candles and mark bars of every length.
-- %(hours)s: hours from %(first_time)s to %(last_time)s.
SELECT time, low, high FROM market.candles_1m
WHERE instrument_id = %(instrument_id)s AND time = ANY (%(hours)s)
    AND time BETWEEN %(first_time)s - interval '1 hour' AND %(last_time)s
UNION ALL
SELECT time, low, high FROM market.candles_5m_recorded
WHERE instrument_id = %(instrument_id)s AND time = ANY (%(hours)s)
    AND time BETWEEN %(first_time)s - interval '1 hour' AND %(last_time)s
UNION ALL
SELECT time, low, high FROM market.mark_prices
WHERE instrument_id = %(instrument_id)s AND timeframe_minutes IN (1, 60) AND time = ANY (%(hours)s)
    AND time BETWEEN %(first_time)s - interval '1 hour' AND %(last_time)s
UNION ALL
(
    SELECT time, low, high FROM market.candles_1m
    WHERE instrument_id = %(instrument_id)s
        AND time >= %(first_time)s - interval '30 days' AND time < %(first_time)s
    ORDER BY time DESC LIMIT 1
)
UNION ALL
(
    SELECT time, low, high FROM market.candles_5m_recorded
    WHERE instrument_id = %(instrument_id)s
        AND time >= %(first_time)s - interval '30 days' AND time < %(first_time)s
    ORDER BY time DESC LIMIT 1
)
UNION ALL
(
    SELECT time, low, high FROM market.mark_prices
    WHERE instrument_id = %(instrument_id)s AND timeframe_minutes IN (1, 60)
        AND time >= %(first_time)s - interval '30 days' AND time < %(first_time)s
    ORDER BY time DESC LIMIT 1
)
UNION ALL
(
    SELECT time, low, high FROM market.candles_1m
    WHERE instrument_id = %(instrument_id)s
        AND time > %(last_time)s AND time <= %(last_time)s + interval '30 days'
    ORDER BY time LIMIT 1
)
UNION ALL
(
    SELECT time, low, high FROM market.candles_5m_recorded
    WHERE instrument_id = %(instrument_id)s
        AND time > %(last_time)s AND time <= %(last_time)s + interval '30 days'
    ORDER BY time LIMIT 1
)
UNION ALL
(
    SELECT time, low, high FROM market.mark_prices
    WHERE instrument_id = %(instrument_id)s AND timeframe_minutes IN (1, 60)
        AND time > %(last_time)s AND time <= %(last_time)s + interval '30 days'
    ORDER BY time LIMIT 1
)
ORDER BY time
