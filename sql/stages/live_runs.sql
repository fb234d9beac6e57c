-- The runs of this database whose advisory lock is held: their processes live.
SELECT objid::int AS run_id
FROM pg_locks
WHERE locktype = 'advisory' AND classid = %s AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
ORDER BY objid;
