-- Candles and mark bars that no market can print: high below low, open or close outside them, a price that is not
-- positive, a negative volume. Must return no rows.
SELECT 'candles_1m' AS source_table, instrument_id, time, open, high, low, close, volume
FROM market.candles_1m
WHERE NOT (low > 0 AND high >= greatest(open, close) AND low <= least(open, close) AND volume >= 0)
UNION ALL
SELECT 'candles_5m_recorded', instrument_id, time, open, high, low, close, volume
FROM market.candles_5m_recorded
WHERE NOT (low > 0 AND high >= greatest(open, close) AND low <= least(open, close) AND volume >= 0)
UNION ALL
SELECT 'mark_prices', instrument_id, time, open, high, low, close, NULL
FROM market.mark_prices
WHERE NOT (low > 0 AND high >= greatest(open, close) AND low <= least(open, close))
ORDER BY source_table, instrument_id, time
