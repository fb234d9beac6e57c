-- Brings the rollups of a source up to date over [first_time, last_time] (Apache edition; null: all instruments).
SELECT {function}(%(instrument_ids)s::smallint[], %(first_time)s, %(last_time)s)
