-- Lets this transaction change any number of compressed rows (community edition; the limit is 100,000 else).
SET LOCAL timescaledb.max_tuples_decompressed_per_dml_transaction = 0
