-- Takes the import lock for this session. Waits a moment, because the session of an import that has just ended or was
-- killed may still hold it; then fails.
SET LOCAL lock_timeout = '3s';
SELECT pg_advisory_lock(hashtext('hydra import'));
