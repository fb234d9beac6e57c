-- Takes the lock of imports for this session. The session of an import that has just ended, or was killed,
-- may need a moment to go: hence the patience, and an error after it.
SET LOCAL lock_timeout = '3s';
SELECT pg_advisory_lock(hashtext('hydra import'));
