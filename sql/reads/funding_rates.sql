-- Which settled funding rates became known after $3 and by $4?
-- $1 instruments, $2 earliest settlement, $3 known after (exclusive), $4 known by (inclusive).
-- Then the rows that a repair replaced after $4 (C125): out of order, and usually none.
(
    SELECT instrument_id, time, known_at, rate, interval_hours
    FROM market.funding_rates
    WHERE instrument_id = ANY($1::smallint[])
        AND time >= $2::timestamptz AND time <= $4::timestamptz
        AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
    ORDER BY instrument_id, time
)
UNION ALL
SELECT instrument_id, time, known_at, rate, interval_hours
FROM market.funding_rates_versions
WHERE replaced_at > $4::timestamptz AND replaced_at < 'infinity'
    AND instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
