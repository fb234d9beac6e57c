-- Records that a process of ingest has ended, and why.
UPDATE market.ingest_sessions SET ended_at = now(), end_reason = %(end_reason)s
WHERE session_id = %(session_id)s;
