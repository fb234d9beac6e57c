-- Takes the lock of imports for this session, if no other import holds it.
SELECT pg_try_advisory_lock(hashtext('hydra import'));
