-- The daily returns of a backtest, as they were counted as a trial.
SELECT daily_returns FROM ml.trials WHERE run_id = %(run_id)s AND state = 'DONE';
