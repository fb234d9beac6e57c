-- May a round of the audits begin? Not while another one runs (the lock is held until the session ends or gives it
-- back), and not sooner than so many seconds after the last one began.
SELECT
    pg_try_advisory_lock(hashtext('hydra.audit_rounds')) AS has_lock,
    NOT EXISTS (
        SELECT FROM hydra.audit_rounds
        WHERE started_at > clock_timestamp() - make_interval(secs => %(seconds)s)
    ) AS is_due;
