-- Ingest of an exchange stores nothing any more: it was killed, hangs, or ended for another reason than an operator's.
SELECT
    l.venue AS subject,
    CASE WHEN l.with_positions OR l.by_runs IS NOT NULL THEN 'CRITICAL' ELSE 'WARNING' END AS severity,
    coalesce(l.ended_at, l.updated_at) AS since,
    interval '15 seconds' AS patience,
    'Ingest of ' || l.venue || ' (process ' || l.process_id || ') stores nothing any more: '
        || coalesce(l.end_reason, 'it was killed, or hangs') || coalesce('; ' || l.by_runs || ' need it', '') AS happened,
    'Minutes without data enter nothing; `hydra run` starts its own ingest again.' AS done,
    'Start it with `hydra ingest`, and end it with Ctrl-C if it is no longer wanted.' AS advice
FROM hydra.watched_ingest AS l
WHERE (l.ended_at IS NULL AND l.updated_at < now() - interval '15 seconds')
    OR (l.ended_at IS NOT NULL AND (l.end_reason <> 'stopped' OR l.by_runs IS NOT NULL))
ORDER BY l.venue
