-- The funding settlements of some instruments that became known between two instants, with the last known mark price
-- at the settlement and its source: as it came with the rate ('settlement'), else of the newest mark bar or candle
-- that had ended by then ('mark', 'last'; C126, C132).
-- %(since)s: earliest settlement and candle searched, before the opening of every open position.
SELECT
    f.instrument_id,
    f.time,
    f.rate,
    coalesce(f.mark_price, n.price) AS mark,
    CASE WHEN f.mark_price IS NULL THEN n.source ELSE 'settlement' END AS mark_source
FROM (
    (
        SELECT instrument_id, time, rate, mark_price
        FROM market.funding_rates
        WHERE instrument_id = ANY (%(instrument_ids)s::smallint[])
            AND time >= %(since)s AND time <= %(as_of)s
            AND known_at > %(known_after)s AND known_at <= %(as_of)s
        ORDER BY time
    )
    UNION ALL
    SELECT instrument_id, time, rate, mark_price
    FROM market.funding_rates_versions
    WHERE replaced_at > %(as_of)s AND replaced_at < 'infinity'
        AND instrument_id = ANY (%(instrument_ids)s::smallint[])
        AND time >= %(since)s AND time <= %(as_of)s
        AND known_at > %(known_after)s AND known_at <= %(as_of)s
) AS f
LEFT JOIN LATERAL (
    SELECT price, source
    FROM (
        SELECT m.time + m.timeframe_minutes * interval '1 minute' AS ended, m.timeframe_minutes, m.close AS price,
            'mark' AS source
        FROM market.mark_prices_versions AS m
        WHERE m.instrument_id = f.instrument_id AND m.known_at <= %(as_of)s AND m.replaced_at > %(as_of)s AND m.timeframe_minutes <= 60
            AND m.time >= %(since)s - interval '1 hour' AND m.time < f.time
        UNION ALL
        (
            SELECT c.time + interval '1 minute', 61, c.close, 'last'
            FROM market.candles_1m_versions AS c
            WHERE c.instrument_id = f.instrument_id AND c.known_at <= %(as_of)s AND c.replaced_at > %(as_of)s
                AND c.time >= %(since)s AND c.time < f.time
            ORDER BY c.time DESC
            LIMIT 1
        )
    ) AS prices
    WHERE ended <= f.time
    ORDER BY ended DESC, timeframe_minutes
    LIMIT 1
) AS n ON f.mark_price IS NULL
ORDER BY f.instrument_id, f.time;
