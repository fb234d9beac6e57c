-- Which streams have something stored in [$2, $3] of the instruments $1, beside candles.
SELECT 'liquidations' AS feed
WHERE EXISTS (
    SELECT FROM market.liquidations
    WHERE instrument_id = ANY($1::smallint[]) AND time >= $2::timestamptz AND time <= $3::timestamptz
)
UNION ALL
SELECT 'premium_index'
WHERE EXISTS (
    SELECT FROM market.premium_index
    WHERE instrument_id = ANY($1::smallint[]) AND time >= $2::timestamptz AND time <= $3::timestamptz
)
