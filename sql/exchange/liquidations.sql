-- The forced orders in ($2, $3] of the instruments $1.
SELECT instrument_id, time, side, price, quantity
FROM market.liquidations
WHERE instrument_id = ANY($1::smallint[]) AND time > $2::timestamptz AND time <= $3::timestamptz
ORDER BY instrument_id, time
