-- The open interest that is known in ($2, $3] of the instruments $1.
SELECT instrument_id, time, contracts, value_usd
FROM market.open_interest
WHERE instrument_id = ANY($1::smallint[]) AND contracts IS NOT NULL AND time > $2::timestamptz AND time <= $3::timestamptz
ORDER BY instrument_id, time
