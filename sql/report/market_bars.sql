-- `bars` bars of `bar_seconds` seconds of one instrument from `start` to `end`: price and volume, the funding rate settled last,
-- the last measured open interest, and forced orders by the side that was liquidated. A bar without rows has nulls.
-- Candles are those of a minute, else recorded ones of five minutes (C124); a value traded as C128 takes it.
WITH candles AS (
    SELECT time, open, high, low, close, coalesce(quote_volume, volume * (high + low + close) / 3) AS volume_usd
    FROM market.candles_1m
    WHERE instrument_id = %(instrument_id)s AND time >= %(start)s AND time < %(end)s
    UNION ALL
    SELECT time, open, high, low, close, coalesce(quote_volume, volume * (high + low + close) / 3)
    FROM market.candles_5m_recorded AS c
    WHERE instrument_id = %(instrument_id)s AND time >= %(start)s AND time < %(end)s
        AND NOT EXISTS (
            SELECT FROM market.candles_1m AS m
            WHERE m.instrument_id = c.instrument_id
                AND m.time >= c.time AND m.time < c.time + interval '5 minutes'
        )
), prices AS (
    SELECT
        floor(extract(epoch FROM time - %(start)s) / %(bar_seconds)s)::int AS bar,
        first(open, time) AS open, max(high) AS high, min(low) AS low, last(close, time) AS close,
        sum(volume_usd) AS volume_usd
    FROM candles
    GROUP BY 1
), funding AS (
    SELECT
        greatest(floor(extract(epoch FROM time - %(start)s) / %(bar_seconds)s)::int, 0) AS bar,
        last(rate, time) AS funding
    FROM market.funding_rates
    WHERE instrument_id = %(instrument_id)s AND time >= %(start)s - interval '8 hours' AND time < %(end)s
    GROUP BY 1
), interest AS (
    SELECT
        greatest(floor(extract(epoch FROM time - %(start)s) / %(bar_seconds)s)::int, 0) AS bar,
        last(contracts, time) AS open_interest
    FROM market.open_interest
    WHERE instrument_id = %(instrument_id)s AND contracts IS NOT NULL
        AND time >= %(start)s - interval '15 minutes' AND time < %(end)s
    GROUP BY 1
), forced AS (
    SELECT
        floor(extract(epoch FROM time - %(start)s) / %(bar_seconds)s)::int AS bar,
        sum(value_usd) FILTER (WHERE side = 'LONG') AS long_liquidations_usd,
        sum(value_usd) FILTER (WHERE side = 'SHORT') AS short_liquidations_usd
    FROM market.liquidations
    WHERE instrument_id = %(instrument_id)s AND time >= %(start)s AND time < %(end)s
    GROUP BY 1
)
SELECT
    bar, open, high, low, close, volume_usd, funding, open_interest, long_liquidations_usd, short_liquidations_usd
FROM generate_series(0, %(bars)s - 1) AS bar
LEFT JOIN prices USING (bar)
LEFT JOIN funding USING (bar)
LEFT JOIN interest USING (bar)
LEFT JOIN forced USING (bar)
ORDER BY bar
