-- The funding settlements of some instruments that became known between two instants, with the mark price at the
-- settlement: as it came with the rate, else the close of the mark bar, else of the candle, that ended then (C126).
SELECT
    f.instrument_id,
    f.time,
    f.rate,
    coalesce(f.mark_price, (
        SELECT m.close FROM market.mark_prices AS m
        WHERE m.instrument_id = f.instrument_id AND m.known_at <= %(as_of)s
            AND m.time + m.timeframe_minutes * interval '1 minute' = f.time
            AND m.time >= f.time - interval '1 hour' AND m.time < f.time
        ORDER BY m.timeframe_minutes
        LIMIT 1
    ), (
        SELECT c.close FROM market.candles_1m AS c
        WHERE c.instrument_id = f.instrument_id AND c.known_at <= %(as_of)s
            AND c.time >= f.time - interval '1 hour' AND c.time < f.time
        ORDER BY c.time DESC
        LIMIT 1
    )) AS mark
FROM market.funding_rates AS f
WHERE f.instrument_id = ANY (%(instrument_ids)s::smallint[])
    AND f.time > %(as_of)s - interval '1 day' AND f.time <= %(as_of)s
    AND f.known_at > %(known_after)s AND f.known_at <= %(as_of)s
ORDER BY f.instrument_id, f.time;
