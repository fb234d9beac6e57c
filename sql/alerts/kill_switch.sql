-- A kill switch is latched in a run that has not ended.
SELECT
    'run ' || k.run_id || ', kill switch ' || k.kill_id AS subject,
    'CRITICAL' AS severity,
    k.recorded_at AS since,
    interval '0' AS patience,
    'The kill switch of ' || w.words || ' is latched for ' || coalesce(i.base, 'the whole portfolio') || ': ' || k.cause
        AS happened,
    'HYDRA enters nothing there and closes what is open; recording goes on.' AS done,
    '`hydra why ' || coalesce(i.base, 'BTC') || ' --run ' || k.run_id || '` shows the minute; `hydra resume --run ' || k.run_id
        || ' --reason TEXT` clears it.' AS advice
FROM hydra.kill_switch AS k
JOIN hydra.watched_runs AS w USING (run_id)
LEFT JOIN market.instruments AS i USING (instrument_id)
WHERE k.cleared_time IS NULL
ORDER BY k.kill_id
