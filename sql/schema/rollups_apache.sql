-- Rollups on the Apache edition: hypertables that triggers keep (rollups_apache_triggers.sql).
-- The same names, columns and values as in rollups_community.sql.

CREATE TABLE market.candles_5m_rollup (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    open float8 NOT NULL,
    high float8 NOT NULL,
    low float8 NOT NULL,
    close float8 NOT NULL,
    volume float8 NOT NULL,
    quote_volume float8 NOT NULL,
    quote_volume_recorded_rows bigint NOT NULL,
    trade_count bigint,
    taker_buy_volume float8,
    taker_buy_quote_volume float8,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

CREATE TABLE market.candles_15m (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    open float8 NOT NULL,
    high float8 NOT NULL,
    low float8 NOT NULL,
    close float8 NOT NULL,
    volume float8 NOT NULL,
    quote_volume float8 NOT NULL,
    quote_volume_recorded_rows bigint NOT NULL,
    trade_count bigint,
    taker_buy_volume float8,
    taker_buy_quote_volume float8,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

CREATE TABLE market.candles_1h (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    open float8 NOT NULL,
    high float8 NOT NULL,
    low float8 NOT NULL,
    close float8 NOT NULL,
    volume float8 NOT NULL,
    quote_volume float8 NOT NULL,
    quote_volume_recorded_rows bigint NOT NULL,
    trade_count bigint,
    taker_buy_volume float8,
    taker_buy_quote_volume float8,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

CREATE TABLE market.candles_4h (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    open float8 NOT NULL,
    high float8 NOT NULL,
    low float8 NOT NULL,
    close float8 NOT NULL,
    volume float8 NOT NULL,
    quote_volume float8 NOT NULL,
    quote_volume_recorded_rows bigint NOT NULL,
    trade_count bigint,
    taker_buy_volume float8,
    taker_buy_quote_volume float8,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

CREATE TABLE market.liquidations_1m (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    long_usd float8 NOT NULL,
    short_usd float8 NOT NULL,
    long_count bigint NOT NULL,
    short_count bigint NOT NULL,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

CREATE TABLE market.liquidations_5m (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    long_usd float8 NOT NULL,
    short_usd float8 NOT NULL,
    long_count bigint NOT NULL,
    short_count bigint NOT NULL,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

CREATE TABLE market.open_interest_5m (
    instrument_id smallint NOT NULL,
    time timestamptz NOT NULL,
    known_at timestamptz NOT NULL,
    measured_at timestamptz NOT NULL,
    contracts float8,
    value_usd float8,
    row_count bigint NOT NULL,
    PRIMARY KEY (instrument_id, time)
);

SELECT create_hypertable('market.candles_5m_rollup', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.candles_15m', by_range('time', interval '90 days'), create_default_indexes => false);
SELECT create_hypertable('market.candles_1h', by_range('time', interval '180 days'), create_default_indexes => false);
SELECT create_hypertable('market.candles_4h', by_range('time', interval '360 days'), create_default_indexes => false);
SELECT create_hypertable('market.liquidations_1m', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.liquidations_5m', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.open_interest_5m', by_range('time', interval '30 days'), create_default_indexes => false);

COMMENT ON TABLE market.candles_5m_rollup IS 'Five-minute candles rolled up from candles_1m; read candles_5m instead';
COMMENT ON TABLE market.candles_15m IS 'Fifteen-minute candles rolled up from one-minute rows';
COMMENT ON TABLE market.candles_1h IS 'Hourly candles rolled up from one-minute rows';
COMMENT ON TABLE market.candles_4h IS 'Four-hour candles rolled up from one-minute rows';
COMMENT ON TABLE market.liquidations_1m IS 'Forced orders a minute and side; a minute without any has no row';
COMMENT ON TABLE market.liquidations_5m IS 'Forced orders in five minutes and side; a bucket without any has no row';
COMMENT ON TABLE market.open_interest_5m IS 'Open interest on the five-minute grid: the last measurement in (time - 5 min, time]';
