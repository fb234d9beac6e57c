-- Is a round of the audits due? Not sooner after the start of the last one than the given number of seconds.
SELECT NOT EXISTS (
    SELECT FROM hydra.audit_rounds
    WHERE started_at > clock_timestamp() - make_interval(secs => %(seconds)s)
) AS is_due;
