-- The one-minute candles of some instruments that became known between two instants, each with its mark bar if a
-- one-minute mark bar is recorded (C126). A late bar is at most a day old.
SELECT
    c.instrument_id,
    c.time,
    ARRAY[c.open, c.high, c.low, c.close, c.volume] AS traded,
    CASE WHEN m.time IS NOT NULL THEN ARRAY[m.open, m.high, m.low, m.close] END AS mark
FROM market.candles_1m_versions AS c
LEFT JOIN market.mark_prices_versions AS m
    ON m.instrument_id = c.instrument_id AND m.timeframe_minutes = 1 AND m.time = c.time
    AND m.known_at <= %(as_of)s AND m.replaced_at > %(as_of)s AND m.time > %(as_of)s - interval '1 day' AND m.time <= %(as_of)s
WHERE c.instrument_id = ANY (%(instrument_ids)s::smallint[])
    AND c.time > %(as_of)s - interval '1 day' AND c.time <= %(as_of)s
    AND c.known_at > %(known_after)s AND c.known_at <= %(as_of)s AND c.replaced_at > %(as_of)s
ORDER BY c.instrument_id, c.time;
