-- The minutes of a backtest that have rows, as cycles that are closed.
INSERT INTO hydra.cycles (run_id, time, state, as_of, closed_at, code_version)
SELECT %(run_id)s, minute, 'CLOSED', minute + %(delay)s, clock_timestamp(), %(code_version)s
FROM unnest(%(minutes)s::timestamptz[]) AS minute;
