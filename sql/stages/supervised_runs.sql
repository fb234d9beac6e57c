-- The runs whose lock a session holds: a process supervises them (see lock_run).
SELECT substr(name, 5)::bigint AS run_id FROM hydra.held_locks WHERE name LIKE 'run %';
