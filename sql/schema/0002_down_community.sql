-- Undoes 0002 on the community edition; the policies go with their aggregates.

DROP VIEW market.candles_5m;
DROP VIEW market.open_interest_5m;
DROP MATERIALIZED VIEW market.open_interest_5m_buckets;
DROP MATERIALIZED VIEW market.liquidations_5m;
DROP MATERIALIZED VIEW market.liquidations_1m;
DROP MATERIALIZED VIEW market.candles_4h;
DROP MATERIALIZED VIEW market.candles_1h;
DROP MATERIALIZED VIEW market.candles_15m;
DROP MATERIALIZED VIEW market.candles_5m_rollup;
