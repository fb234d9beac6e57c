-- The rollups of revision 0010 on the Apache edition: they are made anew from the facts.
DROP VIEW market.candles_5m;
DROP FUNCTION market.keep_rollups() CASCADE;
DROP FUNCTION market.refresh_candle_rollups(smallint[], timestamptz, timestamptz);
DROP FUNCTION market.refresh_liquidation_rollups(smallint[], timestamptz, timestamptz);
DROP FUNCTION market.refresh_open_interest_rollups(smallint[], timestamptz, timestamptz);
DROP TABLE market.open_interest_5m;
DROP TABLE market.liquidations_5m;
DROP TABLE market.liquidations_1m;
DROP TABLE market.candles_4h;
DROP TABLE market.candles_1h;
DROP TABLE market.candles_15m;
DROP TABLE market.candles_5m_rollup;
