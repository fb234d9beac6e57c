-- The newest price of some instruments that is known at an instant: last, and mark where one is recorded by the
-- minute for the same candle.
SELECT wanted.instrument_id, c.close AS last, m.close AS mark
FROM unnest(%(instrument_ids)s::smallint[]) AS wanted (instrument_id)
JOIN LATERAL (
    SELECT time, close FROM market.candles_1m
    WHERE candles_1m.instrument_id = wanted.instrument_id AND known_at <= %(as_of)s
        AND time > %(as_of)s - interval '1 day' AND time <= %(as_of)s
    ORDER BY time DESC
    LIMIT 1
) AS c ON true
LEFT JOIN market.mark_prices AS m
    ON m.instrument_id = wanted.instrument_id AND m.timeframe_minutes = 1 AND m.time = c.time
    AND m.known_at <= %(as_of)s AND m.time > %(as_of)s - interval '1 day' AND m.time <= %(as_of)s
ORDER BY wanted.instrument_id;
