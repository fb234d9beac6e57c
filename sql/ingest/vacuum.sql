-- Summarises a freshly loaded table for the planner and its block-range index on known_at: without it the
-- reading of a minute's news scans whole chunks until autovacuum comes by.
VACUUM (ANALYZE) {table}
