-- The processes of a run are gone, and it holds positions.
SELECT
    'run ' || w.run_id AS subject,
    'CRITICAL' AS severity,
    coalesce(newest.closed_at, newest.opened_at, w.started_at) AS since,
    interval '30 seconds' AS patience,
    'No process keeps ' || w.words || ' going, and it holds ' || w.open_positions
        || CASE WHEN w.open_positions = 1 THEN ' position' ELSE ' positions' END AS happened,
    'Nothing happens to them: no exit is decided.' AS done,
    '`hydra run --resume ' || w.run_id || '` goes on with it; Ctrl-C then ends it in order.' AS advice
FROM hydra.watched_runs AS w
LEFT JOIN LATERAL (
    SELECT opened_at, closed_at FROM hydra.cycles WHERE cycles.run_id = w.run_id ORDER BY cycles.time DESC LIMIT 1
) AS newest ON true
WHERE NOT w.is_supervised AND w.open_positions > 0
ORDER BY w.run_id
