-- Which forced orders became known after $3 and by $4? Price and quantity are part of a forced order's key.
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive). C124.
SELECT instrument_id, time, known_at, side, value_usd, price, quantity
FROM market.liquidations
WHERE instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
ORDER BY instrument_id, time, side, price, quantity
