-- Records that a process of ingest has begun.
INSERT INTO market.ingest_sessions (venue, environment, code_version, process_id)
VALUES (%(venue)s, %(environment)s, %(code_version)s, %(process_id)s)
RETURNING session_id;
