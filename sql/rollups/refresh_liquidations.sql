-- Brings the rollups of liquidations up to date over [first_time, last_time] (Apache edition; null: all instruments).
SELECT market.refresh_liquidation_rollups(%(instrument_ids)s::smallint[], %(first_time)s, %(last_time)s)
