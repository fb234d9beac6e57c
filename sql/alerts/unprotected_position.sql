-- No stop covers a position, or one was closed at market for that in the last quarter of an hour.
SELECT
    'run ' || w.run_id || ', ' || i.base AS subject,
    'CRITICAL' AS severity,
    u.since,
    u.patience,
    u.happened || ' (' || i.base || ', ' || w.words || ')' AS happened,
    u.done,
    '`hydra why ' || i.base || ' --run ' || w.run_id || '` shows its orders; `hydra kill --run ' || w.run_id
        || ' --reason TEXT` closes everything.' AS advice
FROM hydra.watched_runs AS w
JOIN LATERAL (
    SELECT
        p.instrument_id, NULL::timestamptz AS since, interval '5 seconds' AS patience,
        'No stop covers a position of ' || a.quantity || ': ' || a.protected_quantity || ' are covered' AS happened,
        'HYDRA sends the stop again, and closes the position at market after four seconds.' AS done
    FROM audit.unprotected_positions AS a
    JOIN hydra.positions AS p USING (position_id)
    WHERE a.run_id = w.run_id AND NOT EXISTS (SELECT FROM hydra.orders AS o
        WHERE o.position_id = p.position_id AND o.reason_code = 'UNPROTECTED' AND o.recorded_at > now() - interval '15 minutes')
    UNION ALL
    SELECT DISTINCT ON (o.instrument_id)
        o.instrument_id, o.recorded_at, interval '0',
        'No stop could be placed for a position in time', 'It is closed at market.'
    FROM hydra.orders AS o
    WHERE o.run_id = w.run_id AND o.role = 'EXIT' AND o.reason_code = 'UNPROTECTED'
        AND o.recorded_at > now() - interval '15 minutes'
    ORDER BY o.instrument_id, o.recorded_at DESC
) AS u ON true
JOIN market.instruments AS i ON i.instrument_id = u.instrument_id
ORDER BY w.run_id, i.base
