-- Deletes the rows of some instruments from one table.
DELETE FROM {table} WHERE instrument_id = ANY(%(instrument_ids)s)
