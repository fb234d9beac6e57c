-- Turns the facts into hypertables. Chunk lengths follow how many rows a day brings:
-- candles, funding and their like 30 days, open interest and liquidations 7 days, books and trades 1 day.
-- No default index on time alone: every read names its instruments, and the primary key leads with them.

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

-- What became known since the last decision, whatever its time: block ranges, because a B-tree on known_at
-- would slow every COPY by a third and without an index each minute would read a month of candles.
CREATE INDEX candles_1m_known_at_idx ON market.candles_1m
    USING brin (known_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX candles_5m_recorded_known_at_idx ON market.candles_5m_recorded
    USING brin (known_at) WITH (pages_per_range = 32, autosummarize = on);
CREATE INDEX open_interest_known_at_idx ON market.open_interest
    USING brin (known_at) WITH (pages_per_range = 32, autosummarize = on);
