-- Facts of instruments that market.instruments does not know (hypertables carry no foreign key).
-- Must return no rows.
SELECT f.source_table, f.instrument_id
FROM (
    SELECT DISTINCT 'candles_1m' AS source_table, instrument_id FROM market.candles_1m
    UNION ALL SELECT DISTINCT 'candles_5m_recorded', instrument_id FROM market.candles_5m_recorded
    UNION ALL SELECT DISTINCT 'funding_rates', instrument_id FROM market.funding_rates
    UNION ALL SELECT DISTINCT 'mark_prices', instrument_id FROM market.mark_prices
    UNION ALL SELECT DISTINCT 'open_interest', instrument_id FROM market.open_interest
    UNION ALL SELECT DISTINCT 'positioning', instrument_id FROM market.positioning
    UNION ALL SELECT DISTINCT 'liquidations', instrument_id FROM market.liquidations
    UNION ALL SELECT DISTINCT 'order_books', instrument_id FROM market.order_books
    UNION ALL SELECT DISTINCT 'trades', instrument_id FROM market.trades
    UNION ALL SELECT DISTINCT 'feed_heartbeats', instrument_id FROM market.feed_heartbeats
    UNION ALL SELECT DISTINCT 'features', instrument_id FROM hydra.features
) AS f
LEFT JOIN market.instruments AS i USING (instrument_id)
WHERE i.instrument_id IS NULL
ORDER BY f.source_table, f.instrument_id
