-- The stretches of one-minute candles of some instruments in a range; a day without any candle ends a stretch.
-- %(instrument_ids)s, %(start)s and %(end)s: closes of candles.
SELECT min(closed) AS first_close, max(closed) AS last_close
FROM (
    SELECT closed, count(*) FILTER (WHERE is_first) OVER (ORDER BY closed) AS stretch
    FROM (
        SELECT closed, closed > lag(closed, 1, '-infinity') OVER (ORDER BY closed) + interval '1 day' AS is_first
        FROM (
            SELECT DISTINCT time + interval '1 minute' AS closed
            FROM market.candles_1m
            WHERE instrument_id = ANY (%(instrument_ids)s::smallint[])
                AND time >= %(start)s - interval '1 minute' AND time < %(end)s
        ) AS minutes
    ) AS marked
) AS numbered
GROUP BY stretch
ORDER BY first_close;
