-- Brings the rollups of open interest up to date over [first_time, last_time] (Apache edition; null: all instruments).
SELECT market.refresh_open_interest_rollups(%(instrument_ids)s::smallint[], %(first_time)s, %(last_time)s)
