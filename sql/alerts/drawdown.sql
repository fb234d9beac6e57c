-- The equity of a run is further below its highest than ALERT_DRAWDOWN_PCT says: %(drawdown)s, a fraction.
SELECT
    'run ' || w.run_id AS subject,
    'WARNING' AS severity,
    NULL::timestamptz AS since,
    interval '0' AS patience,
    'The equity of ' || w.words || ' is ' || round(e.equity_usd, 2) || ' USDT: ' || round(100 * lost.of_day, 1)
        || ' %% below the highest of the day, ' || round(100 * lost.of_run, 1) || ' %% below the highest of the run; '
        || w.open_positions || ' positions are open' AS happened,
    'HYDRA lowers the leverage of entries as the drawdown grows; the kill switch latches at the run''s daily limit.' AS done,
    '`hydra report ' || w.run_id || '` shows the trades; `hydra kill --run ' || w.run_id
        || ' --reason TEXT` closes all positions.' AS advice
FROM hydra.watched_runs AS w
CROSS JOIN LATERAL (
    SELECT * FROM hydra.equity WHERE equity.run_id = w.run_id ORDER BY equity.time DESC LIMIT 1
) AS e
CROSS JOIN LATERAL (
    SELECT
        1 - e.equity_usd / nullif(e.day_peak_usd, 0) AS of_day,
        1 - e.equity_usd / nullif(e.peak_usd, 0) AS of_run
) AS lost
WHERE greatest(lost.of_day, lost.of_run) >= %(drawdown)s
ORDER BY w.run_id
