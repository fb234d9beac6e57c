-- Which one-minute candles became known after $3 and by $4?
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive). C115, C125.
-- Of a fact that a repair replaced after $4, the row before it.
SELECT
    instrument_id, time, known_at, open, high, low, close, volume, quote_volume, taker_buy_quote_volume
FROM market.candles_1m
WHERE instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
UNION ALL
SELECT
    f.instrument_id, f.time, f.known_at, f.open, f.high, f.low, f.close, f.volume, f.quote_volume,
    f.taker_buy_quote_volume
FROM market.revisions AS r
CROSS JOIN LATERAL jsonb_populate_record(NULL::market.candles_1m, r.stored) AS f
WHERE r.applied AND r.target_table = 'candles_1m' AND r.applied_at > $4::timestamptz
    AND f.instrument_id = ANY($1::smallint[])
    AND f.time >= $2::timestamptz AND f.time <= $4::timestamptz
    AND f.known_at > $3::timestamptz AND f.known_at <= $4::timestamptz
ORDER BY instrument_id, time
