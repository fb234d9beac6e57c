-- Days on which a rollup does not count as many rows as its facts have. Must return no rows.
-- On the community edition the newest buckets are computed as they are read and cannot be stale.
WITH facts AS (
    SELECT 'candles_1m' AS source_table, instrument_id, time_bucket(interval '1 day', time) AS day, count(*) AS rows
    FROM market.candles_1m GROUP BY 2, 3
    UNION ALL
    SELECT 'liquidations', instrument_id, time_bucket(interval '1 day', time), count(*)
    FROM market.liquidations GROUP BY 2, 3
), rollups AS (
    SELECT 'candles_1m' AS source_table, 'candles_5m_rollup' AS rollup, instrument_id,
        time_bucket(interval '1 day', time) AS day, sum(row_count) AS rows
    FROM market.candles_5m_rollup GROUP BY 3, 4
    UNION ALL
    SELECT 'candles_1m', 'candles_4h', instrument_id, time_bucket(interval '1 day', time), sum(row_count)
    FROM market.candles_4h GROUP BY 3, 4
    UNION ALL
    SELECT 'liquidations', 'liquidations_5m', instrument_id, time_bucket(interval '1 day', time), sum(row_count)
    FROM market.liquidations_5m GROUP BY 3, 4
), expected AS (
    SELECT r.rollup, f.instrument_id, f.day, f.rows
    FROM facts AS f
    JOIN (VALUES ('candles_1m', 'candles_5m_rollup'), ('candles_1m', 'candles_4h'),
        ('liquidations', 'liquidations_5m')) AS r (source_table, rollup) USING (source_table)
)
SELECT rollup, instrument_id, day, e.rows AS fact_rows, r.rows AS rollup_rows
FROM expected AS e
FULL JOIN rollups AS r USING (rollup, instrument_id, day)
WHERE e.rows IS DISTINCT FROM r.rows
ORDER BY rollup, instrument_id, day
