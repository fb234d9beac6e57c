-- Drops the facts that are older than their window.
SELECT source_table, keep_days, dropped_chunks FROM market.apply_retention();
