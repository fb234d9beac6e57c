-- A position has no stop at the exchange, or one for less than all of it; or it was closed at market for that in the last
-- quarter of an hour.
SELECT
    'run ' || w.run_id || ', position ' || p.position_id AS subject,
    'CRITICAL' AS severity,
    NULL::timestamptz AS since,
    interval '5 seconds' AS patience,
    'A position of ' || w.words || ' has no stop at the exchange for all of it: ' || i.base || ' ' || p.side || ', '
        || p.quantity || ' held since ' || to_char(p.opened_time, 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
        || coalesce('; ' || nullif(d.done, ''), '') AS happened,
    'HYDRA places a stop, or closes the position at market if none is taken.' AS done,
    '`hydra flatten ' || i.base || ' --run ' || w.run_id || ' --reason TEXT` closes it; the exchange''s own page does too.'
        AS advice
FROM hydra.positions AS p
JOIN hydra.watched_runs AS w USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
LEFT JOIN audit.unprotected_positions AS u USING (position_id)
LEFT JOIN hydra.account_differences AS d
    ON d.run_id = p.run_id AND d.instrument_id = p.instrument_id AND d.kind = 'POSITION_UNPROTECTED'
    AND d.mended_time IS NULL
WHERE p.state <> 'CLOSED' AND (u.position_id IS NOT NULL OR d.difference_id IS NOT NULL)
UNION ALL
SELECT
    'run ' || w.run_id || ', position ' || o.position_id,
    'CRITICAL',
    o.recorded_at,
    interval '0',
    'No stop was taken in time for a position of ' || w.words || ': ' || i.base,
    'HYDRA closed it at market.',
    '`hydra why ' || i.base || ' --run ' || w.run_id || '` shows its orders, with the exchange''s words.'
FROM hydra.orders AS o
JOIN hydra.watched_runs AS w USING (run_id)
JOIN hydra.positions AS p USING (position_id)
JOIN market.instruments AS i ON i.instrument_id = o.instrument_id
WHERE o.role = 'EXIT' AND o.reason_code = 'UNPROTECTED' AND o.recorded_at > now() - interval '15 minutes'
    AND p.state = 'CLOSED'
ORDER BY subject
