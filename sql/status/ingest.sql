-- How far ingest of each venue has come, of those that it has listened to in the last day; is_running: it wrote within
-- the last ten seconds; end_reason: of its newest process, which may have been refused before it wrote.
SELECT
    p.venue,
    s.environment,
    s.process_id,
    p.committed_through,
    p.candles_through,
    p.queued_rows,
    p.spilled_rows,
    p.updated_at,
    s.ended_at IS NULL AND p.updated_at > now() - interval '10 seconds' AS is_running,
    (
        SELECT n.end_reason
        FROM market.ingest_sessions AS n
        WHERE n.venue = p.venue AND n.ended_at >= p.updated_at
        ORDER BY n.session_id DESC
        LIMIT 1
    ) AS end_reason
FROM market.ingest_progress AS p
JOIN market.ingest_sessions AS s USING (session_id)
WHERE p.updated_at > now() - interval '1 day'
ORDER BY p.venue;
