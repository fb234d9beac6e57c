-- Which settled funding rates became known after $3 and by $4?
-- $1 instruments, $2 earliest settlement, $3 known after (exclusive), $4 known by (inclusive).
-- Of a fact that a repair replaced after $4, the row before it.
SELECT instrument_id, time, known_at, rate, interval_hours
FROM market.funding_rates
WHERE instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
UNION ALL
SELECT
    f.instrument_id, f.time, f.known_at, f.rate, f.interval_hours
FROM market.revisions AS r
CROSS JOIN LATERAL jsonb_populate_record(NULL::market.funding_rates, r.stored) AS f
WHERE r.applied AND r.target_table = 'funding_rates' AND r.applied_at > $4::timestamptz
    AND f.instrument_id = ANY($1::smallint[])
    AND f.time >= $2::timestamptz AND f.time <= $4::timestamptz
    AND f.known_at > $3::timestamptz AND f.known_at <= $4::timestamptz
ORDER BY instrument_id, time
