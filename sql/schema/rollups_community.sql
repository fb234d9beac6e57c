-- Rollups on the community edition: real-time continuous aggregates.
-- The same names, columns and values as in rollups_apache.sql.
-- Every aggregate is exact at each level: first of firsts, max of maxima, sums of sums and of counts.
-- Quantities that a source may lack stay null unless every row has them.

CREATE MATERIALIZED VIEW market.candles_5m_rollup
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '5 minutes', time) AS time,
    max(known_at) AS known_at,
    first(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    last(close, time) AS close,
    sum(volume) AS volume,
    sum(coalesce(quote_volume, volume * (high + low + close) / 3)) AS quote_volume,
    count(quote_volume) AS quote_volume_recorded_rows,
    CASE WHEN count(trade_count) = count(*) THEN sum(trade_count) END AS trade_count,
    CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
    CASE WHEN count(taker_buy_quote_volume) = count(*)
        THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
    count(*) AS row_count
FROM market.candles_1m
GROUP BY instrument_id, time_bucket(interval '5 minutes', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW market.candles_15m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '15 minutes', time) AS time,
    max(known_at) AS known_at,
    first(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    last(close, time) AS close,
    sum(volume) AS volume,
    sum(quote_volume) AS quote_volume,
    sum(quote_volume_recorded_rows)::bigint AS quote_volume_recorded_rows,
    CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,
    CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
    CASE WHEN count(taker_buy_quote_volume) = count(*)
        THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
    sum(row_count)::bigint AS row_count
FROM market.candles_5m_rollup
GROUP BY instrument_id, time_bucket(interval '15 minutes', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW market.candles_1h
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '1 hour', time) AS time,
    max(known_at) AS known_at,
    first(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    last(close, time) AS close,
    sum(volume) AS volume,
    sum(quote_volume) AS quote_volume,
    sum(quote_volume_recorded_rows)::bigint AS quote_volume_recorded_rows,
    CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,
    CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
    CASE WHEN count(taker_buy_quote_volume) = count(*)
        THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
    sum(row_count)::bigint AS row_count
FROM market.candles_15m
GROUP BY instrument_id, time_bucket(interval '1 hour', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW market.candles_4h
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '4 hours', time) AS time,
    max(known_at) AS known_at,
    first(open, time) AS open,
    max(high) AS high,
    min(low) AS low,
    last(close, time) AS close,
    sum(volume) AS volume,
    sum(quote_volume) AS quote_volume,
    sum(quote_volume_recorded_rows)::bigint AS quote_volume_recorded_rows,
    CASE WHEN count(trade_count) = count(*) THEN sum(trade_count)::bigint END AS trade_count,
    CASE WHEN count(taker_buy_volume) = count(*) THEN sum(taker_buy_volume) END AS taker_buy_volume,
    CASE WHEN count(taker_buy_quote_volume) = count(*)
        THEN sum(taker_buy_quote_volume) END AS taker_buy_quote_volume,
    sum(row_count)::bigint AS row_count
FROM market.candles_1h
GROUP BY instrument_id, time_bucket(interval '4 hours', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW market.liquidations_1m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '1 minute', time) AS time,
    max(known_at) AS known_at,
    coalesce(sum(value_usd) FILTER (WHERE side = 'LONG'), 0) AS long_usd,
    coalesce(sum(value_usd) FILTER (WHERE side = 'SHORT'), 0) AS short_usd,
    count(*) FILTER (WHERE side = 'LONG') AS long_count,
    count(*) FILTER (WHERE side = 'SHORT') AS short_count,
    count(*) AS row_count
FROM market.liquidations
GROUP BY instrument_id, time_bucket(interval '1 minute', time)
WITH NO DATA;

CREATE MATERIALIZED VIEW market.liquidations_5m
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '5 minutes', time) AS time,
    max(known_at) AS known_at,
    sum(long_usd) AS long_usd,
    sum(short_usd) AS short_usd,
    sum(long_count)::bigint AS long_count,
    sum(short_count)::bigint AS short_count,
    sum(row_count)::bigint AS row_count
FROM market.liquidations_1m
GROUP BY instrument_id, time_bucket(interval '5 minutes', time)
WITH NO DATA;

-- A bucket of open interest is (g - 5 min, g] and is named by its end g. The shift by one microsecond makes it
-- [from, to), as buckets are. The way over UTC's wall clock is there because only that addition is immutable.
CREATE MATERIALIZED VIEW market.open_interest_5m_buckets
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
SELECT
    instrument_id,
    time_bucket(interval '5 minutes', time, "offset" => interval '1 microsecond') AS bucket_start,
    (date_bin(interval '5 minutes', time, timestamptz '2000-01-01 00:00:00.000001+00') AT TIME ZONE 'UTC'
        + interval '299.999999 seconds') AT TIME ZONE 'UTC' AS time,
    max(known_at) AS known_at,
    max(time) AS measured_at,
    last(contracts, time) AS contracts,
    last(value_usd, time) AS value_usd,
    count(*) AS row_count
FROM market.open_interest
GROUP BY
    instrument_id,
    time_bucket(interval '5 minutes', time, "offset" => interval '1 microsecond'),
    (date_bin(interval '5 minutes', time, timestamptz '2000-01-01 00:00:00.000001+00') AT TIME ZONE 'UTC'
        + interval '299.999999 seconds') AT TIME ZONE 'UTC'
WITH NO DATA;

CREATE INDEX open_interest_5m_buckets_instrument_id_time_idx
    ON market.open_interest_5m_buckets (instrument_id, time);

CREATE VIEW market.open_interest_5m AS
SELECT instrument_id, time, known_at, measured_at, contracts, value_usd, row_count
FROM market.open_interest_5m_buckets;

COMMENT ON VIEW market.candles_5m_rollup IS 'Five-minute candles rolled up from candles_1m; read candles_5m instead';
COMMENT ON VIEW market.candles_15m IS 'Fifteen-minute candles rolled up from one-minute rows';
COMMENT ON VIEW market.candles_1h IS 'Hourly candles rolled up from one-minute rows';
COMMENT ON VIEW market.candles_4h IS 'Four-hour candles rolled up from one-minute rows';
COMMENT ON VIEW market.liquidations_1m IS 'Forced orders a minute and side; a minute without any has no row';
COMMENT ON VIEW market.liquidations_5m IS 'Forced orders in five minutes and side; a bucket without any has no row';
COMMENT ON VIEW market.open_interest_5m IS 'Open interest on the five-minute grid: the last measurement in (time - 5 min, time]';
COMMENT ON VIEW market.open_interest_5m_buckets IS 'Serves open_interest_5m; read that instead';

-- Background refresh of the continuous aggregates.
-- The end offset keeps every open bucket out; what it leaves out is served in real time. Rows that arrive
-- later than the start offset come by imports, which refresh their own range.

SELECT add_continuous_aggregate_policy('market.candles_5m_rollup', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.candles_15m', start_offset => interval '2 days',
    end_offset => interval '30 minutes', schedule_interval => interval '15 minutes');
SELECT add_continuous_aggregate_policy('market.candles_1h', start_offset => interval '3 days',
    end_offset => interval '2 hours', schedule_interval => interval '30 minutes');
SELECT add_continuous_aggregate_policy('market.candles_4h', start_offset => interval '7 days',
    end_offset => interval '8 hours', schedule_interval => interval '1 hour');
SELECT add_continuous_aggregate_policy('market.liquidations_1m', start_offset => interval '2 days',
    end_offset => interval '2 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.liquidations_5m', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
SELECT add_continuous_aggregate_policy('market.open_interest_5m_buckets', start_offset => interval '2 days',
    end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
