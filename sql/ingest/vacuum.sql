-- Vacuums and analyzes a newly loaded table, for the planner and the block-range index on known_at: without it, reading
-- a minute's new facts scans whole chunks until autovacuum runs.
VACUUM (ANALYZE) {table}
