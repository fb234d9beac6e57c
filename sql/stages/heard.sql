-- The exchange that a process of ingest listens to, or waits for while another process does, and how far that has come;
-- no row before its first commit.
SELECT s.venue, s.environment, p.committed_through
FROM market.ingest_sessions AS s
JOIN market.ingest_progress AS p USING (venue)
WHERE s.process_id = %(process_id)s
    AND (p.session_id = s.session_id OR p.updated_at > s.started_at)
    AND p.updated_at > now() - interval '10 seconds'
ORDER BY s.session_id DESC
LIMIT 1;
