-- What was the last measurement of open interest in each (g - 5 min, g] among those known after $3 and by $4?
-- Of those that were known by g, so that an answer which comes after g changes nothing that g was seen as; only where
-- there is none (history has one at g, known later), the first that became known, so that the next one changes nothing
-- either. `measured_at` ranks them so; its last term only decides between two that became known together.
-- From the measurements, not from the rollup: a bucket of live polls has no fixed number of rows, so only
-- the base can say what was known by then. `known_at` is when the chosen measurement became known.
-- $1 instruments, $2 earliest g (its bucket begins five minutes before),
-- $3 known after (exclusive), $4 known by (inclusive). The bucket still open at $4 is included.
-- Then the rows that a repair replaced after $4 (C125): out of order, and usually none.
(
    SELECT
        instrument_id,
        ended AS time,
        last(known_at, rank) AS known_at,
        last(contracts, rank) AS contracts,
        last(value_usd, rank) AS value_usd,
        max(rank) AS measured_at
    FROM market.open_interest AS measured
    CROSS JOIN LATERAL (
        SELECT time_bucket(interval '5 minutes', measured.time - interval '1 microsecond') + interval '5 minutes' AS ended
    ) AS bucket
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN known_at <= ended THEN time
            ELSE ended - interval '5 minutes' - (known_at - ended) - (ended - time) / 1e6
        END AS rank
    ) AS ranked
    WHERE instrument_id = ANY($1::smallint[])
        AND time > $2::timestamptz - interval '5 minutes' AND time <= $4::timestamptz
        AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
    GROUP BY instrument_id, ended
    ORDER BY instrument_id, ended
)
UNION ALL
SELECT
    instrument_id,
    ended,
    last(known_at, rank),
    last(contracts, rank),
    last(value_usd, rank),
    max(rank)
FROM market.open_interest_versions AS measured
CROSS JOIN LATERAL (
    SELECT time_bucket(interval '5 minutes', measured.time - interval '1 microsecond') + interval '5 minutes' AS ended
) AS bucket
CROSS JOIN LATERAL (
    SELECT CASE
        WHEN known_at <= ended THEN time
        ELSE ended - interval '5 minutes' - (known_at - ended) - (ended - time) / 1e6
    END AS rank
) AS ranked
WHERE replaced_at > $4::timestamptz AND replaced_at < 'infinity'
    AND instrument_id = ANY($1::smallint[])
    AND time > $2::timestamptz - interval '5 minutes' AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
GROUP BY 1, 2
