-- May a round of the audits begin? Not while another one runs (the lock is held until the session ends or releases it),
-- and not sooner after the start of the last one than the given number of seconds.
SELECT
    pg_try_advisory_lock(hashtext('hydra.audit_rounds')) AS has_lock,
    NOT EXISTS (
        SELECT FROM hydra.audit_rounds
        WHERE started_at > clock_timestamp() - make_interval(secs => %(seconds)s)
    ) AS is_due;
