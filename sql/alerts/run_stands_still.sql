-- A run whose processes live has decided no minute for five minutes.
SELECT
    'run ' || w.run_id AS subject,
    CASE WHEN w.open_positions > 0 THEN 'CRITICAL' ELSE 'WARNING' END AS severity,
    coalesce(newest.closed_at, newest.opened_at, w.started_at) AS since,
    interval '1 minute' AS patience,
    w.words || ' decides nothing: its newest minute is '
        || coalesce(to_char(newest.time, 'YYYY-MM-DD HH24:MI') || ' UTC, ' || newest.state, 'none') || '; '
        || w.open_positions || ' positions are open' AS happened,
    'Minutes that become too old are skipped; positions then get their bars in order.' AS done,
    '`hydra status` shows feeds and broker; the log is logs/run-' || w.run_id || '.log in the state folder.' AS advice
FROM hydra.watched_runs AS w
LEFT JOIN LATERAL (
    SELECT * FROM hydra.cycles WHERE cycles.run_id = w.run_id ORDER BY cycles.time DESC LIMIT 1
) AS newest ON true
WHERE w.is_supervised
    AND coalesce(newest.closed_at, newest.opened_at, w.started_at) < now() - interval '5 minutes'
ORDER BY w.run_id
