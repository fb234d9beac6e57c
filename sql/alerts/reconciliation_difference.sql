-- The exchange shows something else than the tables of a run, or was not compared with them for three minutes.
SELECT
    'run ' || w.run_id || ', ' || d.symbol || ', ' || d.kind || coalesce(' ' || nullif(d.subject, ''), '') AS subject,
    CASE WHEN d.blocks_entries THEN 'CRITICAL' ELSE 'WARNING' END AS severity,
    d.recorded_at AS since,
    interval '10 seconds' AS patience,
    'The exchange and the tables of ' || w.words || ' differ in ' || d.symbol || ': '
        || lower(replace(d.kind, '_', ' ')) || coalesce(' ' || nullif(d.subject, ''), '') || '; the tables say '
        || coalesce(d.in_tables::text, 'nothing') || ', the exchange says ' || coalesce(d.at_exchange::text, 'nothing')
        AS happened,
    CASE d.done WHEN '' THEN 'Nothing yet.' ELSE 'HYDRA: ' || d.done || '.' END AS done,
    CASE
        WHEN d.kind = 'BALANCE_DIFFERS'
            THEN 'If the balance at the exchange is right: `hydra adopt USDT --run ' || w.run_id || ' --reason TEXT`.'
        ELSE '`hydra adopt ' || d.symbol || '` takes a position over, `hydra flatten ' || d.symbol
            || '` closes and cancels everything there; it ends by itself when both say the same.'
    END AS advice
FROM hydra.account_differences AS d
JOIN hydra.watched_runs AS w USING (run_id)
WHERE d.mended_time IS NULL AND d.kind <> 'POSITION_UNPROTECTED'
UNION ALL
SELECT
    'run ' || w.run_id || ', comparison', 'CRITICAL', newest.recorded_at, interval '0',
    'The exchange has not been compared with the tables of ' || w.words || ' for three minutes',
    'HYDRA tries again each minute.',
    '`hydra status` shows whether the exchange answers.'
FROM hydra.watched_runs AS w
JOIN LATERAL (
    SELECT max(r.recorded_at) AS recorded_at FROM hydra.reconciliations AS r
    WHERE r.run_id = w.run_id AND r.wallet_usd IS NOT NULL
) AS newest ON newest.recorded_at < now() - interval '3 minutes'
WHERE w.is_supervised
ORDER BY 1
