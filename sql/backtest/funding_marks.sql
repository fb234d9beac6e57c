-- The mark prices that came with funding settlements, where they did.
-- $1 instruments, $2 earliest settlement, $3 known by (inclusive).
SELECT instrument_id, time, mark_price
FROM market.funding_rates_versions
WHERE instrument_id = ANY($1::smallint[]) AND mark_price IS NOT NULL
    AND time >= $2::timestamptz AND time <= $3::timestamptz AND known_at <= $3::timestamptz
    AND replaced_at > $3::timestamptz
ORDER BY instrument_id, time
