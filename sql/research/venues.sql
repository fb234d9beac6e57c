-- The venues of some instruments.
SELECT DISTINCT venue FROM market.instruments WHERE instrument_id = ANY (%(instrument_ids)s::smallint[]) ORDER BY venue;
