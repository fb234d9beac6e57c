-- Brings the rollups of candles up to date over [first_time, last_time] (Apache edition; null: all instruments).
SELECT market.refresh_candle_rollups(%(instrument_ids)s::smallint[], %(first_time)s, %(last_time)s)
