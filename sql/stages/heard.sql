-- The session of ingest of a process, and how far it has come; no row before its first commit.
SELECT s.venue, s.environment, p.committed_through
FROM market.ingest_sessions AS s
JOIN market.ingest_progress AS p USING (session_id)
WHERE s.process_id = %(process_id)s AND s.ended_at IS NULL
ORDER BY session_id DESC
LIMIT 1;
