-- The newest run that trades and has not ended; with a number, that run. One row or none. Backtests are left out: they
-- hold nothing that an operator could stop.
SELECT run_id FROM hydra.runs
WHERE run_id = %(run_id)s OR (%(run_id)s::bigint IS NULL AND ended_at IS NULL AND mode <> 'backtest')
ORDER BY run_id DESC
LIMIT 1;
