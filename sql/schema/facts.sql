-- Schema market: the facts. Written once, each with the time it was true and the time it was known.

CREATE TABLE market.candles_1m (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    open FLOAT(53) NOT NULL,
    high FLOAT(53) NOT NULL,
    low FLOAT(53) NOT NULL,
    close FLOAT(53) NOT NULL,
    volume FLOAT(53) NOT NULL,
    quote_volume FLOAT(53),
    trade_count INTEGER,
    taker_buy_volume FLOAT(53),
    taker_buy_quote_volume FLOAT(53),
    CONSTRAINT candles_1m_pkey PRIMARY KEY (instrument_id, time)
);
COMMENT ON TABLE market.candles_1m IS 'Closed one-minute candles of perpetuals, stored under their open time';
COMMENT ON COLUMN market.candles_1m.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_1m.time IS 'Open of the minute, UTC';
COMMENT ON COLUMN market.candles_1m.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.candles_1m.open IS 'First traded price, quote units';
COMMENT ON COLUMN market.candles_1m.high IS 'Highest traded price';
COMMENT ON COLUMN market.candles_1m.low IS 'Lowest traded price';
COMMENT ON COLUMN market.candles_1m.close IS 'Last traded price';
COMMENT ON COLUMN market.candles_1m.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_1m.quote_volume IS 'Traded value, USDT; null where the source has none (C128)';
COMMENT ON COLUMN market.candles_1m.trade_count IS 'Number of trades; null where the source has none';
COMMENT ON COLUMN market.candles_1m.taker_buy_volume IS 'Taker-bought quantity, base units; null if unknown';
COMMENT ON COLUMN market.candles_1m.taker_buy_quote_volume IS 'Taker-bought value, USDT; null if unknown';

CREATE TABLE market.candles_5m_recorded (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    open FLOAT(53) NOT NULL,
    high FLOAT(53) NOT NULL,
    low FLOAT(53) NOT NULL,
    close FLOAT(53) NOT NULL,
    volume FLOAT(53) NOT NULL,
    quote_volume FLOAT(53),
    trade_count INTEGER,
    taker_buy_volume FLOAT(53),
    taker_buy_quote_volume FLOAT(53),
    CONSTRAINT candles_5m_recorded_pkey PRIMARY KEY (instrument_id, time)
);
COMMENT ON TABLE market.candles_5m_recorded IS 'Five-minute candles that came as such, without one-minute rows behind them (C124)';
COMMENT ON COLUMN market.candles_5m_recorded.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.candles_5m_recorded.time IS 'Open of the five minutes, UTC';
COMMENT ON COLUMN market.candles_5m_recorded.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.candles_5m_recorded.open IS 'First traded price, quote units';
COMMENT ON COLUMN market.candles_5m_recorded.high IS 'Highest traded price';
COMMENT ON COLUMN market.candles_5m_recorded.low IS 'Lowest traded price';
COMMENT ON COLUMN market.candles_5m_recorded.close IS 'Last traded price';
COMMENT ON COLUMN market.candles_5m_recorded.volume IS 'Traded quantity, base units';
COMMENT ON COLUMN market.candles_5m_recorded.quote_volume IS 'Traded value, USDT; null where the source has none (C128)';
COMMENT ON COLUMN market.candles_5m_recorded.trade_count IS 'Number of trades; null where the source has none';
COMMENT ON COLUMN market.candles_5m_recorded.taker_buy_volume IS 'Taker-bought quantity, base units; null if unknown';
COMMENT ON COLUMN market.candles_5m_recorded.taker_buy_quote_volume IS 'Taker-bought value, USDT; null if unknown';

CREATE TABLE market.funding_rates (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    rate FLOAT(53) NOT NULL,
    interval_hours SMALLINT NOT NULL,
    mark_price FLOAT(53),
    CONSTRAINT funding_rates_pkey PRIMARY KEY (instrument_id, time)
);
COMMENT ON TABLE market.funding_rates IS 'Settled funding, one row per settlement';
COMMENT ON COLUMN market.funding_rates.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.funding_rates.time IS 'Settlement instant, UTC, on the hour';
COMMENT ON COLUMN market.funding_rates.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.funding_rates.rate IS 'Settled rate per interval, fraction; positive: longs pay shorts';
COMMENT ON COLUMN market.funding_rates.interval_hours IS 'Hours since the settlement before';
COMMENT ON COLUMN market.funding_rates.mark_price IS 'Mark price at the settlement; null where the source has none';

CREATE TABLE market.mark_prices (
    instrument_id SMALLINT NOT NULL,
    timeframe_minutes SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    open FLOAT(53) NOT NULL,
    high FLOAT(53) NOT NULL,
    low FLOAT(53) NOT NULL,
    close FLOAT(53) NOT NULL,
    CONSTRAINT mark_prices_pkey PRIMARY KEY (instrument_id, timeframe_minutes, time)
);
COMMENT ON TABLE market.mark_prices IS 'Mark-price bars: liquidation, stops and unrealised profit are measured on these';
COMMENT ON COLUMN market.mark_prices.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.mark_prices.timeframe_minutes IS 'Length of the bar: 1 (live, archive) or 60 (hourly history)';
COMMENT ON COLUMN market.mark_prices.time IS 'Open of the bar, UTC';
COMMENT ON COLUMN market.mark_prices.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.mark_prices.open IS 'First mark price of the bar';
COMMENT ON COLUMN market.mark_prices.high IS 'Highest mark price';
COMMENT ON COLUMN market.mark_prices.low IS 'Lowest mark price';
COMMENT ON COLUMN market.mark_prices.close IS 'Last mark price';

CREATE TABLE market.open_interest (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    contracts FLOAT(53),
    value_usd FLOAT(53),
    CONSTRAINT open_interest_pkey PRIMARY KEY (instrument_id, time)
);
COMMENT ON TABLE market.open_interest IS 'Open interest as measured: 15 s polls live, the five-minute grid in history';
COMMENT ON COLUMN market.open_interest.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.open_interest.time IS 'Instant of the measurement, UTC; history lies on the five-minute grid';
COMMENT ON COLUMN market.open_interest.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.open_interest.contracts IS 'Open interest, base units; null where the source has none';
COMMENT ON COLUMN market.open_interest.value_usd IS 'Open interest, USDT; null where the source has none';

CREATE TABLE market.positioning (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    long_short_ratio FLOAT(53),
    top_account_long_short_ratio FLOAT(53),
    top_position_long_short_ratio FLOAT(53),
    taker_buy_sell_ratio FLOAT(53),
    CONSTRAINT positioning_pkey PRIMARY KEY (instrument_id, time)
);
COMMENT ON TABLE market.positioning IS 'Crowd positioning and taker flow in five-minute periods';
COMMENT ON COLUMN market.positioning.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.positioning.time IS 'End of the five-minute period, UTC';
COMMENT ON COLUMN market.positioning.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.positioning.long_short_ratio IS 'All accounts: long accounts / short accounts';
COMMENT ON COLUMN market.positioning.top_account_long_short_ratio IS 'Top traders by accounts: long / short';
COMMENT ON COLUMN market.positioning.top_position_long_short_ratio IS 'Top traders by position size: long / short';
COMMENT ON COLUMN market.positioning.taker_buy_sell_ratio IS 'Taker buy volume / taker sell volume';

CREATE TABLE market.liquidations (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    side TEXT NOT NULL,
    price FLOAT(53) NOT NULL,
    quantity FLOAT(53) NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    value_usd FLOAT(53) NOT NULL,
    CONSTRAINT liquidations_pkey PRIMARY KEY (instrument_id, time, side, price, quantity),
    CONSTRAINT liquidations_side_check CHECK (side IN ('LONG', 'SHORT'))
);
COMMENT ON TABLE market.liquidations IS 'Forced orders of this venue only (C124); the public stream is an undercount (C107)';
COMMENT ON COLUMN market.liquidations.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.liquidations.time IS 'Exchange time of the forced order, UTC';
COMMENT ON COLUMN market.liquidations.side IS 'The liquidated position: LONG or SHORT';
COMMENT ON COLUMN market.liquidations.price IS 'Average fill price, quote units';
COMMENT ON COLUMN market.liquidations.quantity IS 'Filled quantity, base units';
COMMENT ON COLUMN market.liquidations.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.liquidations.value_usd IS 'price x quantity, USDT';

CREATE TABLE market.order_books (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    bid_prices FLOAT(53)[] NOT NULL,
    bid_quantities FLOAT(53)[] NOT NULL,
    ask_prices FLOAT(53)[] NOT NULL,
    ask_quantities FLOAT(53)[] NOT NULL,
    last_update_id BIGINT,
    CONSTRAINT order_books_pkey PRIMARY KEY (instrument_id, time),
    CONSTRAINT order_books_levels_check CHECK (cardinality(bid_prices) = cardinality(bid_quantities) AND cardinality(ask_prices) = cardinality(ask_quantities))
);
COMMENT ON TABLE market.order_books IS 'Order-book snapshots, one row each, levels as arrays';
COMMENT ON COLUMN market.order_books.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.order_books.time IS 'Exchange time of the snapshot, UTC';
COMMENT ON COLUMN market.order_books.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.order_books.bid_prices IS 'Best first, at most 20 levels';
COMMENT ON COLUMN market.order_books.bid_quantities IS 'Base units, parallel to bid_prices';
COMMENT ON COLUMN market.order_books.ask_prices IS 'Best first, at most 20 levels';
COMMENT ON COLUMN market.order_books.ask_quantities IS 'Base units, parallel to ask_prices';
COMMENT ON COLUMN market.order_books.last_update_id IS 'The exchange''s update id of the snapshot';

CREATE TABLE market.trades (
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    trade_id BIGINT NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    price FLOAT(53) NOT NULL,
    quantity FLOAT(53) NOT NULL,
    buyer_is_maker BOOLEAN NOT NULL,
    CONSTRAINT trades_pkey PRIMARY KEY (instrument_id, time, trade_id)
);
COMMENT ON TABLE market.trades IS 'Public (aggregate) trades with the aggressor''s side';
COMMENT ON COLUMN market.trades.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.trades.time IS 'Exchange time of the trade, UTC';
COMMENT ON COLUMN market.trades.trade_id IS 'The exchange''s id';
COMMENT ON COLUMN market.trades.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.trades.price IS 'Trade price, quote units';
COMMENT ON COLUMN market.trades.quantity IS 'Quantity, base units';
COMMENT ON COLUMN market.trades.buyer_is_maker IS 'True: the taker sold';

CREATE TABLE market.sentiment (
    source TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    value FLOAT(53) NOT NULL,
    CONSTRAINT sentiment_pkey PRIMARY KEY (source, time)
);
COMMENT ON TABLE market.sentiment IS 'Market-wide sentiment readings (advisory: absence never blocks, C111)';
COMMENT ON COLUMN market.sentiment.source IS 'e.g. fear_and_greed';
COMMENT ON COLUMN market.sentiment.time IS 'When the value was published, UTC';
COMMENT ON COLUMN market.sentiment.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.sentiment.value IS 'The published value in the source''s own scale';

CREATE TABLE market.news_items (
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    item_id TEXT NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    category TEXT,
    currencies TEXT[] NOT NULL,
    url TEXT,
    summary TEXT,
    duplicate_of TEXT,
    instrument_ids SMALLINT[] DEFAULT '{}' NOT NULL,
    note TEXT,
    CONSTRAINT news_items_pkey PRIMARY KEY (time, item_id)
);
COMMENT ON TABLE market.news_items IS 'Headlines (advisory and untrusted, C25)';
COMMENT ON COLUMN market.news_items.time IS 'Publish time, UTC; where the source gave none, or one to come: known_at';
COMMENT ON COLUMN market.news_items.item_id IS 'sha256 of source and the source''s id, or of source, title and publish time; an item is stored once';
COMMENT ON COLUMN market.news_items.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';
COMMENT ON COLUMN market.news_items.source IS 'Who published it';
COMMENT ON COLUMN market.news_items.title IS 'Headline, untrusted text (C25)';
COMMENT ON COLUMN market.news_items.category IS 'The source''s category';
COMMENT ON COLUMN market.news_items.currencies IS 'Currency tags of the source';
COMMENT ON COLUMN market.news_items.url IS 'Where it can be read, untrusted; null: not said';
COMMENT ON COLUMN market.news_items.summary IS 'The first words of its text, cleaned and cut, untrusted (C25); null: none';
COMMENT ON COLUMN market.news_items.duplicate_of IS 'The earlier item (item_id) that says the same; such an item is not shown to the analyst';
COMMENT ON COLUMN market.news_items.instrument_ids IS 'The pairs it concerns, by tags and names (market.instruments); empty: the market as a whole';
COMMENT ON COLUMN market.news_items.note IS 'What was changed in it, e.g. a publish time to come or a title that was cut; null: nothing';

CREATE TABLE market.feed_heartbeats (
    feed TEXT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT feed_heartbeats_pkey PRIMARY KEY (feed, instrument_id, time)
);
COMMENT ON TABLE market.feed_heartbeats IS 'Proof that a feed was alive: without events its value is 0, without a heartbeat unknown';
COMMENT ON COLUMN market.feed_heartbeats.feed IS 'e.g. liquidations, order_book, candles_1m';
COMMENT ON COLUMN market.feed_heartbeats.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.feed_heartbeats.time IS 'When the feed was seen alive, UTC';
COMMENT ON COLUMN market.feed_heartbeats.known_at IS 'When HYDRA could know this fact; every read that decides filters on it';

-- Turns the facts into hypertables. Chunk lengths follow the number of rows a day: candles, funding and similar
-- tables 30 days, open interest and liquidations 7 days, books and trades 1 day.
-- No default index on time alone: every read names its instruments, and the primary key starts with them.

SELECT create_hypertable('market.candles_1m', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.candles_5m_recorded', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.funding_rates', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.mark_prices', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.open_interest', by_range('time', interval '7 days'), create_default_indexes => false);
SELECT create_hypertable('market.positioning', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.liquidations', by_range('time', interval '7 days'), create_default_indexes => false);
SELECT create_hypertable('market.order_books', by_range('time', interval '1 day'), create_default_indexes => false);
SELECT create_hypertable('market.trades', by_range('time', interval '1 day'), create_default_indexes => false);
SELECT create_hypertable('market.sentiment', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.news_items', by_range('time', interval '30 days'), create_default_indexes => false);
SELECT create_hypertable('market.feed_heartbeats', by_range('time', interval '7 days'), create_default_indexes => false);

-- Finds what became known since the last decision, whatever its time. Block ranges: a B-tree on known_at would slow
-- every COPY by a third, and without an index each minute would read a month of candles.
CREATE INDEX candles_1m_known_at_idx ON market.candles_1m
    USING brin (known_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX candles_5m_recorded_known_at_idx ON market.candles_5m_recorded
    USING brin (known_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX open_interest_known_at_idx ON market.open_interest
    USING brin (known_at) WITH (pages_per_range = 32, autosummarize = on);
-- An item that a source still shows is found again, whatever its publish time.
CREATE INDEX news_items_item_id_idx ON market.news_items (item_id);
