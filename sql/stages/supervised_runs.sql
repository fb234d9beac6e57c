-- The runs whose lock some session holds: a process supervises them (see lock_run).
SELECT objid::bigint AS run_id
FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid = %(first_key)s::bigint::oid
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database());
