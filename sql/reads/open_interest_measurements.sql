-- Which measurements of open interest became known after $3 and by $4? As reads/open_interest_5m, one by one: who
-- reads them before they are known needs each, and keeps the last of a bucket as they become known.
-- $1 instruments, $2 earliest end of a bucket, $3 known after (exclusive), $4 known by (inclusive).
SELECT
    instrument_id,
    time_bucket(interval '5 minutes', time - interval '1 microsecond') + interval '5 minutes' AS time,
    known_at,
    contracts,
    value_usd,
    time AS measured_at
FROM market.open_interest
WHERE instrument_id = ANY($1::smallint[])
    AND time > $2::timestamptz - interval '5 minutes' AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
ORDER BY instrument_id, time
