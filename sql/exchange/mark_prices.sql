-- The mark-price bars that open in [$2, $3) of the instruments $1, the longer one of an instant last.
SELECT instrument_id, time, timeframe_minutes, open, high, low, close
FROM market.mark_prices
WHERE instrument_id = ANY($1::smallint[]) AND time >= $2::timestamptz AND time < $3::timestamptz
ORDER BY instrument_id, time, timeframe_minutes
