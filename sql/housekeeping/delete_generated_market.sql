-- Deletes the record of a generated market and its instruments, whose facts are gone already.
DELETE FROM market.import_batches WHERE path = %(venue)s;
DELETE FROM market.instruments WHERE venue = %(venue)s;
