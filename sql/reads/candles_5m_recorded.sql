-- Which five-minute candles that came as such became known after $3 and by $4? They hold five minutes.
-- One without quote volume counts as volume x (high + low + close) / 3, as in market.candles_5m (C128).
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive). C124.
-- Then the rows that a repair replaced after $4 (C125): out of order, and usually none.
(
    SELECT
        instrument_id, time, known_at, open, high, low, close, volume,
        coalesce(quote_volume, volume * (high + low + close) / 3) AS quote_volume,
        taker_buy_quote_volume,
        5::bigint AS row_count
    FROM market.candles_5m_recorded
    WHERE instrument_id = ANY($1::smallint[])
        AND time >= $2::timestamptz AND time <= $4::timestamptz
        AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
    ORDER BY instrument_id, time
)
UNION ALL
SELECT
    instrument_id, time, known_at, open, high, low, close, volume,
    coalesce(quote_volume, volume * (high + low + close) / 3), taker_buy_quote_volume, 5::bigint
FROM market.candles_5m_recorded_versions
WHERE replaced_at > $4::timestamptz AND replaced_at < 'infinity'
    AND instrument_id = ANY($1::smallint[])
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
