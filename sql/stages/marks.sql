-- The last known price of some instruments at an instant, however old: last, and mark if a one-minute mark bar is
-- recorded for the same candle; with the end of that candle (C132).
-- %(since)s: earliest candle searched; an instrument without one since then has no row.
SELECT wanted.instrument_id, c.close AS last, m.close AS mark, c.time + interval '1 minute' AS time
FROM unnest(%(instrument_ids)s::smallint[]) AS wanted (instrument_id)
JOIN LATERAL (
    SELECT time, close FROM market.candles_1m_versions AS candles
    WHERE candles.instrument_id = wanted.instrument_id AND known_at <= %(as_of)s AND replaced_at > %(as_of)s
        AND time >= %(since)s AND time <= %(as_of)s
    ORDER BY time DESC
    LIMIT 1
) AS c ON true
LEFT JOIN market.mark_prices_versions AS m
    ON m.instrument_id = wanted.instrument_id AND m.timeframe_minutes = 1 AND m.time = c.time
    AND m.known_at <= %(as_of)s AND m.replaced_at > %(as_of)s AND m.time >= %(since)s AND m.time <= %(as_of)s
ORDER BY wanted.instrument_id;
