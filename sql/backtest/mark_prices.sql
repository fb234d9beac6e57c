-- Mark-price bars of every length, for valuation, stops and funding.
-- $1 instruments, $2 earliest open, $3 known by (inclusive).
SELECT instrument_id, time, known_at, timeframe_minutes, open, high, low, close
FROM market.mark_prices_versions
WHERE instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $3::timestamptz AND known_at <= $3::timestamptz
    AND replaced_at > $3::timestamptz
ORDER BY instrument_id, time, timeframe_minutes
