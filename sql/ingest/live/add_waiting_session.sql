-- Records that a process of ingest waits for its turn: a session that ends as it begins.
INSERT INTO market.ingest_sessions (venue, environment, code_version, process_id, ended_at, end_reason)
VALUES (%(venue)s, %(environment)s, %(code_version)s, %(process_id)s, now(), 'it waits until no other process listens');
