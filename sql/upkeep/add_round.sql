-- Stores a round of the audits.
INSERT INTO hydra.audit_rounds (started_at, finished_at, asked, unanswered, findings)
VALUES (%(started_at)s, clock_timestamp(), %(asked)s, %(unanswered)s, %(findings)s);
