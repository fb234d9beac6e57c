-- A difference that was found; one that stands already stays as it is.
INSERT INTO hydra.account_differences (
    run_id, found_in, found_time, kind, symbol, instrument_id, subject, in_tables, at_exchange, blocks_entries, done
)
VALUES (
    %(run_id)s, %(found_in)s, %(found_time)s, %(kind)s, %(symbol)s, %(instrument_id)s, %(subject)s,
    %(in_tables)s::jsonb, %(at_exchange)s::jsonb, %(blocks_entries)s, %(done)s
)
ON CONFLICT (run_id, kind, symbol, subject) WHERE mended_time IS NULL DO NOTHING
