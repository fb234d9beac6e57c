-- The newest round of the audits in the running system; no row before the first.
SELECT started_at, asked, unanswered, findings
FROM hydra.audit_rounds
ORDER BY started_at DESC
LIMIT 1;
