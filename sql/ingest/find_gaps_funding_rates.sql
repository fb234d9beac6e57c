-- Records every missing settlement in a range: the distance is more than the settlement's own interval.
INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows)
SELECT
    'funding_rates',
    %(instrument_id)s,
    time + next_interval,
    next_time,
    round(extract(epoch FROM next_time - time) / extract(epoch FROM next_interval))::bigint - 1
FROM (
    SELECT
        time,
        lead(time) OVER (ORDER BY time) AS next_time,
        lead(interval_hours) OVER (ORDER BY time) * interval '1 hour' AS next_interval
    FROM market.funding_rates
    WHERE instrument_id = %(instrument_id)s AND time BETWEEN %(from_time)s AND %(to_time)s
) AS steps
WHERE next_time > time + next_interval;
