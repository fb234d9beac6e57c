-- The one-minute candles that open in [$2, $3) of the instruments $1: what the simulated exchange serves.
SELECT
    instrument_id, time, open, high, low, close, volume, quote_volume, trade_count, taker_buy_volume,
    taker_buy_quote_volume
FROM market.candles_1m
WHERE instrument_id = ANY($1::smallint[]) AND time >= $2::timestamptz AND time < $3::timestamptz
ORDER BY instrument_id, time
