-- The holes of a venue whose repair did not end, with the numbers that are missing: minutes since 1970 of bars, ids of
-- trades, between those that are stored around the hole. A hole of trades that is closed by now has a last number below
-- its first; one after which no trade is stored yet waits for one.
SELECT
    i.feed,
    i.instrument_id,
    i.started_at,
    i.ended_at,
    i.cause,
    floor(extract(epoch FROM i.started_at) / 60)::bigint AS first_number,
    floor(extract(epoch FROM i.ended_at) / 60)::bigint - 1 AS last_number
FROM market.interruptions AS i
WHERE i.venue = %(venue)s AND i.repair IS NULL AND i.ended_at IS NOT NULL AND i.cause <> 'START'
    AND i.feed IN ('candles_1m', 'mark_prices')
UNION ALL
SELECT
    i.feed,
    i.instrument_id,
    i.started_at,
    i.ended_at,
    i.cause,
    coalesce(jump.first_number, 1),
    coalesce(jump.last_number, 0)
FROM market.interruptions AS i
CROSS JOIN LATERAL (
    SELECT min(t.time) AS time FROM market.trades AS t
    WHERE t.instrument_id = i.instrument_id AND t.time >= i.ended_at
) AS following
LEFT JOIN LATERAL (
    SELECT min(step.trade_id) + 1 AS first_number, max(step.next_id) - 1 AS last_number
    FROM (
        SELECT t.trade_id, lead(t.trade_id) OVER (ORDER BY t.trade_id) AS next_id
        FROM market.trades AS t
        WHERE t.instrument_id = i.instrument_id
            AND t.time >= coalesce((
                SELECT max(b.time) FROM market.trades AS b
                WHERE b.instrument_id = i.instrument_id AND b.time <= i.started_at
            ), i.started_at)
            AND t.time <= following.time
    ) AS step
    WHERE step.next_id > step.trade_id + 1
) AS jump ON true
WHERE i.venue = %(venue)s AND i.repair IS NULL AND i.ended_at IS NOT NULL AND i.cause <> 'START'
    AND i.feed = 'trades' AND following.time IS NOT NULL;
