-- The views over the rollups, and the comments of their columns; the same for both editions. May run twice.
-- {kind}: what a rollup is, VIEW on the community edition, TABLE on Apache.

-- The public five-minute candles: the rollup, and the recorded ones where the rollup has no bucket (C124).

CREATE OR REPLACE VIEW market.candles_5m AS
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

CREATE OR REPLACE VIEW market.open_interest_5m AS
SELECT instrument_id, time, known_at, measured_at, contracts, value_usd, row_count
FROM market.open_interest_5m_buckets;

COMMENT ON {kind} market.candles_5m_rollup IS 'Five-minute candles rolled up from candles_1m; read candles_5m instead';
COMMENT ON {kind} market.candles_15m IS 'Fifteen-minute candles rolled up from one-minute rows';
COMMENT ON {kind} market.candles_1h IS 'Hourly candles rolled up from one-minute rows';
COMMENT ON {kind} market.candles_4h IS 'Four-hour candles rolled up from one-minute rows';
COMMENT ON {kind} market.liquidations_1m IS 'Forced orders a minute and side; a minute without any has no row';
COMMENT ON {kind} market.liquidations_5m IS 'Forced orders in five minutes and side; a bucket without any has no row';
COMMENT ON {kind} market.open_interest_5m_buckets IS 'Serves open_interest_5m; read that instead';
COMMENT ON {kind} market.trade_flow_1m IS 'Trades a minute by the side of the taker and by size, for people and the check of parity (features read market.trades); a minute without any has no row';
COMMENT ON {kind} market.trade_flow_5m IS 'Trades in five minutes by the side of the taker and by size, for people (features read market.trades); a bucket without any has no row';
COMMENT ON {kind} market.order_book_1m IS 'Order books a minute: spread, imbalance and depth of the stored levels, for people and the check of parity (features read market.order_books)';
COMMENT ON VIEW market.open_interest_5m IS 'Open interest on the five-minute grid: the last measurement in (time - 5 min, time]';
COMMENT ON VIEW market.candles_5m IS
    'Five-minute candles: rolled up from one-minute rows, else as recorded (C124); origin says which';

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

COMMENT ON COLUMN market.liquidations_1m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.liquidations_1m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.liquidations_1m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.liquidations_1m.long_usd IS 'Liquidated long positions, USDT';
COMMENT ON COLUMN market.liquidations_1m.short_usd IS 'Liquidated short positions, USDT';
COMMENT ON COLUMN market.liquidations_1m.long_count IS 'Forced orders that closed longs';
COMMENT ON COLUMN market.liquidations_1m.short_count IS 'Forced orders that closed shorts';
COMMENT ON COLUMN market.liquidations_1m.row_count IS 'Forced orders in the bucket';

COMMENT ON COLUMN market.open_interest_5m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.open_interest_5m.time IS 'Grid instant, UTC: the END of the bucket (time - 5 min, time]';
COMMENT ON COLUMN market.open_interest_5m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.open_interest_5m.measured_at IS 'Instant of the measurement that was taken';
COMMENT ON COLUMN market.open_interest_5m.contracts IS 'Open interest, base units; null if the source had none';
COMMENT ON COLUMN market.open_interest_5m.value_usd IS 'Open interest, USDT; null if the source had none';
COMMENT ON COLUMN market.open_interest_5m.row_count IS 'Measurements in the bucket';
COMMENT ON COLUMN market.open_interest_5m_buckets.bucket_start IS 'First instant of the bucket';

COMMENT ON COLUMN market.trade_flow_1m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.trade_flow_1m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.trade_flow_1m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.trade_flow_1m.buy_volume IS 'Quantity that takers bought, base units';
COMMENT ON COLUMN market.trade_flow_1m.sell_volume IS 'Quantity that takers sold, base units';
COMMENT ON COLUMN market.trade_flow_1m.buy_usd IS 'Value that takers bought, USDT';
COMMENT ON COLUMN market.trade_flow_1m.sell_usd IS 'Value that takers sold, USDT';
COMMENT ON COLUMN market.trade_flow_1m.buy_count IS 'Trades in which the taker bought';
COMMENT ON COLUMN market.trade_flow_1m.sell_count IS 'Trades in which the taker sold';
COMMENT ON COLUMN market.trade_flow_1m.buy_below_1k_usd IS 'Value that takers bought in trades below 1,000 USDT';
COMMENT ON COLUMN market.trade_flow_1m.sell_below_1k_usd IS 'Value that takers sold in trades below 1,000 USDT';
COMMENT ON COLUMN market.trade_flow_1m.buy_1k_to_10k_usd IS 'Value that takers bought in trades from 1,000 to below 10,000 USDT';
COMMENT ON COLUMN market.trade_flow_1m.sell_1k_to_10k_usd IS 'Value that takers sold in trades from 1,000 to below 10,000 USDT';
COMMENT ON COLUMN market.trade_flow_1m.buy_10k_to_100k_usd IS 'Value that takers bought in trades from 10,000 to below 100,000 USDT';
COMMENT ON COLUMN market.trade_flow_1m.sell_10k_to_100k_usd IS 'Value that takers sold in trades from 10,000 to below 100,000 USDT';
COMMENT ON COLUMN market.trade_flow_1m.buy_from_100k_usd IS 'Value that takers bought in trades of 100,000 or more USDT';
COMMENT ON COLUMN market.trade_flow_1m.sell_from_100k_usd IS 'Value that takers sold in trades of 100,000 or more USDT';
COMMENT ON COLUMN market.trade_flow_1m.row_count IS 'Trades in the bucket';

COMMENT ON COLUMN market.order_book_1m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.order_book_1m.time IS 'Open of the bucket, UTC';
COMMENT ON COLUMN market.order_book_1m.known_at IS 'When the last of its rows became known: the bucket counts only from then on';
COMMENT ON COLUMN market.order_book_1m.mean_spread_bps IS 'Best ask less best bid over the mid, bps, mean of the snapshots';
COMMENT ON COLUMN market.order_book_1m.last_spread_bps IS 'The same of the last snapshot';
COMMENT ON COLUMN market.order_book_1m.mean_imbalance IS '(bid - ask) / (bid + ask) of the mean depths, -1..1';
COMMENT ON COLUMN market.order_book_1m.last_imbalance IS '(bid - ask) / (bid + ask) of the last depths, -1..1';
COMMENT ON COLUMN market.order_book_1m.mean_bid_depth_usd IS 'Value of the stored bids, USDT, mean of the snapshots';
COMMENT ON COLUMN market.order_book_1m.mean_ask_depth_usd IS 'Value of the stored asks, USDT, mean of the snapshots';
COMMENT ON COLUMN market.order_book_1m.last_bid_depth_usd IS 'Value of the stored bids of the last snapshot, USDT';
COMMENT ON COLUMN market.order_book_1m.last_ask_depth_usd IS 'Value of the stored asks of the last snapshot, USDT';
COMMENT ON COLUMN market.order_book_1m.row_count IS 'Snapshots in the bucket';

-- Columns of the same name get the same comment.
DO $$
DECLARE
    same record;
BEGIN
    FOR same IN
        SELECT pairs.other, a.attname AS name, col_description(a.attrelid, a.attnum) AS words
        FROM (VALUES
            ('candles_5m_rollup', 'candles_15m'), ('candles_5m_rollup', 'candles_1h'),
            ('candles_5m_rollup', 'candles_4h'), ('candles_5m_rollup', 'candles_5m'),
            ('liquidations_1m', 'liquidations_5m'), ('trade_flow_1m', 'trade_flow_5m'),
            ('open_interest_5m', 'open_interest_5m_buckets')
        ) AS pairs (one, other)
        JOIN pg_attribute AS a ON a.attrelid = ('market.' || pairs.one)::regclass AND a.attnum > 0
    LOOP
        EXECUTE format('COMMENT ON COLUMN market.%I.%I IS %L', same.other, same.name, same.words);
    END LOOP;
END
$$;

COMMENT ON COLUMN market.candles_5m.row_count IS 'One-minute rows in the bucket; 5 for a recorded candle';
COMMENT ON COLUMN market.candles_5m.origin IS 'rollup: from candles_1m; recorded: from candles_5m_recorded';
