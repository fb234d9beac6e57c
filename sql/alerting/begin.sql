-- A condition of a kind has lasted long enough: its alert begins, or what it says is brought up to date.
INSERT INTO hydra.alerts (kind, subject, severity, happened, done, advice, since)
VALUES (
    %(kind)s, %(subject)s, %(severity)s, %(happened)s, %(done)s, %(advice)s, coalesce(%(since)s, now())
)
ON CONFLICT (kind, subject) WHERE resolved_at IS NULL DO UPDATE
SET (severity, happened, done, advice) = ROW (excluded.severity, excluded.happened, excluded.done, excluded.advice)
WHERE (alerts.severity, alerts.happened, alerts.done, alerts.advice)
    IS DISTINCT FROM (excluded.severity, excluded.happened, excluded.done, excluded.advice);
