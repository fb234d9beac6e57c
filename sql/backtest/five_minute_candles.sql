-- The recorded five-minute candles of some instruments that have no one-minute candle behind them (C124).
-- $1 instruments, $2 earliest close, $3 before this close, $4 known by (inclusive).
SELECT c.instrument_id, c.time, c.known_at, c.open, c.high, c.low, c.close, c.volume, c.quote_volume,
    c.taker_buy_quote_volume
FROM market.candles_5m_recorded_versions AS c
WHERE c.instrument_id = ANY($1::smallint[])
    AND c.time >= $2::timestamptz - interval '5 minutes' AND c.time < $3::timestamptz - interval '5 minutes'
    AND c.known_at <= $4::timestamptz AND c.replaced_at > $4::timestamptz
    -- Equal five minutes serve a hash join, the range of m.time an index, whichever the planner takes: NOT IN would
    -- compare every candle with every minute once the minutes outgrow the memory of a hash.
    AND NOT EXISTS (
        SELECT FROM market.candles_1m AS m
        WHERE m.instrument_id = c.instrument_id
            AND date_bin('5 minutes', m.time, timestamptz '2000-01-01Z') = c.time
            AND m.time >= c.time AND m.time < c.time + interval '5 minutes'
            AND m.time >= $2::timestamptz - interval '5 minutes' AND m.time < $3::timestamptz
    )
ORDER BY c.instrument_id, c.time
