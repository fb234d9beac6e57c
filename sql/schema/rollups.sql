-- What the columns of the rollups mean; the same for both editions.

COMMENT ON COLUMN market.candles_5m_rollup.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_5m_rollup.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.candles_5m_rollup.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.candles_5m_rollup.open IS 'First price';
COMMENT ON COLUMN market.candles_5m_rollup.high IS 'Highest price';
COMMENT ON COLUMN market.candles_5m_rollup.low IS 'Lowest price';
COMMENT ON COLUMN market.candles_5m_rollup.close IS 'Last price';
COMMENT ON COLUMN market.candles_5m_rollup.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_5m_rollup.quote_volume IS 'Traded value, USDT; rows without one count as volume x (high + low + close) / 3 (C128)';
COMMENT ON COLUMN market.candles_5m_rollup.quote_volume_recorded_rows IS 'Rows that came with a quote volume; below row_count, quote_volume is approximate (C128)';
COMMENT ON COLUMN market.candles_5m_rollup.trade_count IS 'Number of trades; null unless every row has one';
COMMENT ON COLUMN market.candles_5m_rollup.taker_buy_volume IS 'Taker-bought quantity, base units; null unless every row has it';
COMMENT ON COLUMN market.candles_5m_rollup.taker_buy_quote_volume IS 'Taker-bought value, USDT; null unless every row has it';
COMMENT ON COLUMN market.candles_5m_rollup.row_count IS 'One-minute rows in the bucket; fewer than its minutes: a gap, or still open';

COMMENT ON COLUMN market.candles_15m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_15m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.candles_15m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.candles_15m.open IS 'First price';
COMMENT ON COLUMN market.candles_15m.high IS 'Highest price';
COMMENT ON COLUMN market.candles_15m.low IS 'Lowest price';
COMMENT ON COLUMN market.candles_15m.close IS 'Last price';
COMMENT ON COLUMN market.candles_15m.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_15m.quote_volume IS 'Traded value, USDT; rows without one count as volume x (high + low + close) / 3 (C128)';
COMMENT ON COLUMN market.candles_15m.quote_volume_recorded_rows IS 'Rows that came with a quote volume; below row_count, quote_volume is approximate (C128)';
COMMENT ON COLUMN market.candles_15m.trade_count IS 'Number of trades; null unless every row has one';
COMMENT ON COLUMN market.candles_15m.taker_buy_volume IS 'Taker-bought quantity, base units; null unless every row has it';
COMMENT ON COLUMN market.candles_15m.taker_buy_quote_volume IS 'Taker-bought value, USDT; null unless every row has it';
COMMENT ON COLUMN market.candles_15m.row_count IS 'One-minute rows in the bucket; fewer than its minutes: a gap, or still open';

COMMENT ON COLUMN market.candles_1h.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_1h.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.candles_1h.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.candles_1h.open IS 'First price';
COMMENT ON COLUMN market.candles_1h.high IS 'Highest price';
COMMENT ON COLUMN market.candles_1h.low IS 'Lowest price';
COMMENT ON COLUMN market.candles_1h.close IS 'Last price';
COMMENT ON COLUMN market.candles_1h.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_1h.quote_volume IS 'Traded value, USDT; rows without one count as volume x (high + low + close) / 3 (C128)';
COMMENT ON COLUMN market.candles_1h.quote_volume_recorded_rows IS 'Rows that came with a quote volume; below row_count, quote_volume is approximate (C128)';
COMMENT ON COLUMN market.candles_1h.trade_count IS 'Number of trades; null unless every row has one';
COMMENT ON COLUMN market.candles_1h.taker_buy_volume IS 'Taker-bought quantity, base units; null unless every row has it';
COMMENT ON COLUMN market.candles_1h.taker_buy_quote_volume IS 'Taker-bought value, USDT; null unless every row has it';
COMMENT ON COLUMN market.candles_1h.row_count IS 'One-minute rows in the bucket; fewer than its minutes: a gap, or still open';

COMMENT ON COLUMN market.candles_4h.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_4h.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.candles_4h.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.candles_4h.open IS 'First price';
COMMENT ON COLUMN market.candles_4h.high IS 'Highest price';
COMMENT ON COLUMN market.candles_4h.low IS 'Lowest price';
COMMENT ON COLUMN market.candles_4h.close IS 'Last price';
COMMENT ON COLUMN market.candles_4h.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_4h.quote_volume IS 'Traded value, USDT; rows without one count as volume x (high + low + close) / 3 (C128)';
COMMENT ON COLUMN market.candles_4h.quote_volume_recorded_rows IS 'Rows that came with a quote volume; below row_count, quote_volume is approximate (C128)';
COMMENT ON COLUMN market.candles_4h.trade_count IS 'Number of trades; null unless every row has one';
COMMENT ON COLUMN market.candles_4h.taker_buy_volume IS 'Taker-bought quantity, base units; null unless every row has it';
COMMENT ON COLUMN market.candles_4h.taker_buy_quote_volume IS 'Taker-bought value, USDT; null unless every row has it';
COMMENT ON COLUMN market.candles_4h.row_count IS 'One-minute rows in the bucket; fewer than its minutes: a gap, or still open';

COMMENT ON COLUMN market.liquidations_1m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.liquidations_1m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.liquidations_1m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.liquidations_1m.long_usd IS 'Liquidated long positions, USDT';
COMMENT ON COLUMN market.liquidations_1m.short_usd IS 'Liquidated short positions, USDT';
COMMENT ON COLUMN market.liquidations_1m.long_count IS 'Forced orders that closed longs';
COMMENT ON COLUMN market.liquidations_1m.short_count IS 'Forced orders that closed shorts';
COMMENT ON COLUMN market.liquidations_1m.row_count IS 'Forced orders in the bucket';

COMMENT ON COLUMN market.liquidations_5m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.liquidations_5m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.liquidations_5m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.liquidations_5m.long_usd IS 'Liquidated long positions, USDT';
COMMENT ON COLUMN market.liquidations_5m.short_usd IS 'Liquidated short positions, USDT';
COMMENT ON COLUMN market.liquidations_5m.long_count IS 'Forced orders that closed longs';
COMMENT ON COLUMN market.liquidations_5m.short_count IS 'Forced orders that closed shorts';
COMMENT ON COLUMN market.liquidations_5m.row_count IS 'Forced orders in the bucket';

COMMENT ON COLUMN market.open_interest_5m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.open_interest_5m.time IS 'Grid instant, UTC: the END of the bucket (time - 5 min, time]';
COMMENT ON COLUMN market.open_interest_5m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.open_interest_5m.measured_at IS 'Instant of the measurement that was taken';
COMMENT ON COLUMN market.open_interest_5m.contracts IS 'Open interest, base units; null if the source had none';
COMMENT ON COLUMN market.open_interest_5m.value_usd IS 'Open interest, USDT; null if the source had none';
COMMENT ON COLUMN market.open_interest_5m.row_count IS 'Measurements in the bucket';

-- The public five-minute candles: the rollup, and the recorded ones where the rollup has no bucket (C124).

CREATE VIEW market.candles_5m AS
SELECT
    instrument_id, time, known_at, open, high, low, close, volume, quote_volume, quote_volume_recorded_rows,
    trade_count, taker_buy_volume, taker_buy_quote_volume, row_count, 'rollup' AS origin
FROM market.candles_5m_rollup
UNION ALL
SELECT
    c.instrument_id, c.time, c.known_at, c.open, c.high, c.low, c.close, c.volume,
    coalesce(c.quote_volume, c.volume * (c.high + c.low + c.close) / 3),
    CASE WHEN c.quote_volume IS NULL THEN 0 ELSE 5 END::bigint,
    c.trade_count::bigint, c.taker_buy_volume, c.taker_buy_quote_volume, 5::bigint, 'recorded'
FROM market.candles_5m_recorded AS c
WHERE NOT EXISTS (
    SELECT FROM market.candles_5m_rollup AS r
    WHERE r.instrument_id = c.instrument_id AND r.time = c.time
);

COMMENT ON VIEW market.candles_5m IS
    'Five-minute candles: rolled up from one-minute rows, else as recorded (C124); origin says which';
COMMENT ON COLUMN market.candles_5m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_5m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.candles_5m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.candles_5m.open IS 'First price';
COMMENT ON COLUMN market.candles_5m.high IS 'Highest price';
COMMENT ON COLUMN market.candles_5m.low IS 'Lowest price';
COMMENT ON COLUMN market.candles_5m.close IS 'Last price';
COMMENT ON COLUMN market.candles_5m.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_5m.quote_volume IS 'Traded value, USDT; rows without one count as volume x (high + low + close) / 3 (C128)';
COMMENT ON COLUMN market.candles_5m.quote_volume_recorded_rows IS 'Rows that came with a quote volume; below row_count, quote_volume is approximate (C128)';
COMMENT ON COLUMN market.candles_5m.trade_count IS 'Number of trades; null unless every row has one';
COMMENT ON COLUMN market.candles_5m.taker_buy_volume IS 'Taker-bought quantity, base units; null unless every row has it';
COMMENT ON COLUMN market.candles_5m.taker_buy_quote_volume IS 'Taker-bought value, USDT; null unless every row has it';
COMMENT ON COLUMN market.candles_5m.row_count IS 'One-minute rows in the bucket; 5 for a recorded candle';
COMMENT ON COLUMN market.candles_5m.origin IS 'rollup: from candles_1m; recorded: from candles_5m_recorded';
