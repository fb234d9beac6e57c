-- Candles of `minutes` minutes of one instrument that open from `start` on and before `end`.
SELECT
    time_bucket(make_interval(mins => %(minutes)s), time) AS time,
    first(open, time) AS open, max(high) AS high, min(low) AS low, last(close, time) AS close
FROM market.candles_1m
WHERE instrument_id = %(instrument_id)s AND time >= %(start)s AND time < %(end)s
GROUP BY 1
ORDER BY 1
