-- Which five-minute buckets of the rollup were complete at $3? They have five rows, all known: no row of the bucket
-- can be missing, so the bar is right even if the rollup lags elsewhere.
-- $1 instruments, $2 earliest time, $3 known by (inclusive). Every other bucket comes from its base rows.
SELECT
    instrument_id, time, known_at, open, high, low, close, volume, quote_volume, taker_buy_quote_volume,
    row_count
FROM market.candles_5m_rollup
WHERE instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $3::timestamptz
    AND known_at <= $3::timestamptz
    AND row_count = 5
ORDER BY instrument_id, time
