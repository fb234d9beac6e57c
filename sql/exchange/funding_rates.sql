-- The settlements in ($2, $3] of the instruments $1.
SELECT instrument_id, time, rate, interval_hours, mark_price
FROM market.funding_rates
WHERE instrument_id = ANY($1::smallint[]) AND time > $2::timestamptz AND time <= $3::timestamptz
ORDER BY instrument_id, time
