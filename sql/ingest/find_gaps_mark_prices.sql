-- Records every hole in the mark-price bars of one timeframe in a range.
INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows)
SELECT
    %(source)s,
    %(instrument_id)s,
    time + %(step)s,
    next_time,
    round(extract(epoch FROM next_time - time) / extract(epoch FROM %(step)s::interval))::bigint - 1
FROM (
    SELECT time, lead(time) OVER (ORDER BY time) AS next_time
    FROM market.mark_prices
    WHERE instrument_id = %(instrument_id)s
        AND timeframe_minutes * interval '1 minute' = %(step)s::interval
        AND time BETWEEN %(from_time)s AND %(to_time)s
) AS steps
WHERE next_time > time + %(step)s;
