-- What was the last measurement of open interest in each (g - 5 min, g] among those known after $3 and by $4?
-- From the measurements, not from the rollup: a bucket of live polls has no fixed number of rows, so only
-- the base can say what was known by then. `known_at` is when the chosen measurement became known.
-- $1 instruments, $2 earliest g (its bucket begins five minutes before),
-- $3 known after (exclusive), $4 known by (inclusive). The bucket still open at $4 is included.
-- Then the rows that a repair replaced after $4 (C125): out of order, and usually none.
(
    SELECT
        instrument_id,
        time_bucket(interval '5 minutes', time - interval '1 microsecond') + interval '5 minutes' AS time,
        last(known_at, time) AS known_at,
        last(contracts, time) AS contracts,
        last(value_usd, time) AS value_usd,
        max(time) AS measured_at
    FROM market.open_interest
    WHERE instrument_id = ANY($1::smallint[])
        AND time > $2::timestamptz - interval '5 minutes' AND time <= $4::timestamptz
        AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
    GROUP BY instrument_id, 2
    ORDER BY instrument_id, 2
)
UNION ALL
SELECT
    instrument_id,
    time_bucket(interval '5 minutes', time - interval '1 microsecond') + interval '5 minutes',
    last(known_at, time),
    last(contracts, time),
    last(value_usd, time),
    max(time)
FROM market.open_interest_versions
WHERE replaced_at > $4::timestamptz AND replaced_at < 'infinity'
    AND instrument_id = ANY($1::smallint[])
    AND time > $2::timestamptz - interval '5 minutes' AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
GROUP BY 1, 2
