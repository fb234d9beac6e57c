-- Lets the next round of the audits begin.
SELECT pg_advisory_unlock(hashtext('hydra.audit_rounds'));
