-- The ratios of the periods that end in ($2, $3] of the instruments $1.
SELECT
    instrument_id, time, long_short_ratio, top_account_long_short_ratio, top_position_long_short_ratio,
    taker_buy_sell_ratio
FROM market.positioning
WHERE instrument_id = ANY($1::smallint[]) AND time > $2::timestamptz AND time <= $3::timestamptz
ORDER BY instrument_id, time
