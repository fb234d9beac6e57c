-- An alert that no query finds and that is over already: a test that an operator asked for, an outage of the database.
INSERT INTO hydra.alerts (kind, subject, severity, happened, done, advice, since, resolved_at)
VALUES (
    %(kind)s, %(subject)s, %(severity)s, %(happened)s, %(done)s, %(advice)s, coalesce(%(since)s, now()), now()
)
RETURNING alert_id, since, resolved_at;
