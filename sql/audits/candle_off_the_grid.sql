-- Candles and bars that do not open on their grid. Must return no rows.
SELECT 'candles_1m' AS source_table, instrument_id, time
FROM market.candles_1m WHERE time <> date_trunc('minute', time)
UNION ALL
SELECT 'candles_5m_recorded', instrument_id, time
FROM market.candles_5m_recorded WHERE time <> time_bucket(interval '5 minutes', time)
UNION ALL
SELECT 'mark_prices', instrument_id, time
FROM market.mark_prices WHERE time <> time_bucket(timeframe_minutes * interval '1 minute', time)
ORDER BY source_table, instrument_id, time
