-- Imported facts whose known_at is before their end plus the publication lag of their table (C133).
-- Facts of a live feed carry the time of their receipt and are left out, as are generated ones. Must return no rows.
WITH imported AS (
    SELECT target_table, min(first_time) AS first_time, max(last_time) AS last_time
    FROM market.import_batches
    WHERE layout <> 'generated market'
    GROUP BY target_table
),

-- The sessions of ingest; one that was killed goes on until the next. One that ends as it begins only waited.
heard AS (
    SELECT
        venue,
        started_at,
        coalesce(ended_at, lead(started_at) OVER (PARTITION BY venue ORDER BY started_at), 'infinity') AS ended_at
    FROM market.ingest_sessions
    WHERE ended_at IS DISTINCT FROM started_at
),

ended AS (
    SELECT 'candles_1m' AS source_table, instrument_id, time, known_at, time + interval '1 minute 2 seconds' AS earliest
    FROM market.candles_1m
    UNION ALL
    SELECT 'candles_5m_recorded', instrument_id, time, known_at, time + interval '5 minutes 2 seconds'
    FROM market.candles_5m_recorded
    UNION ALL
    SELECT
        'mark_prices', instrument_id, time, known_at,
        time + timeframe_minutes * interval '1 minute' + interval '2 seconds'
    FROM market.mark_prices
    UNION ALL
    SELECT 'funding_rates', instrument_id, time, known_at, time + interval '5 seconds' FROM market.funding_rates
    UNION ALL
    SELECT 'open_interest', instrument_id, time, known_at, time + interval '60 seconds' FROM market.open_interest
    UNION ALL
    SELECT 'positioning', instrument_id, time, known_at, time + interval '60 seconds' FROM market.positioning
)

SELECT e.source_table, e.instrument_id, e.time, e.known_at, e.earliest
FROM ended AS e
JOIN market.instruments AS i USING (instrument_id)
WHERE e.known_at < e.earliest
    AND i.venue = 'binance'
    AND NOT EXISTS (
        SELECT FROM heard AS h
        WHERE h.venue = i.venue AND e.known_at BETWEEN h.started_at AND h.ended_at
    )
    AND EXISTS (
        SELECT FROM imported AS m
        WHERE e.source_table = ANY (string_to_array(m.target_table, ', '))
            AND e.time BETWEEN m.first_time AND m.last_time
    )
ORDER BY e.source_table, e.instrument_id, e.time
