-- The daily returns and the figures of a backtest, as they were counted as a trial.
SELECT daily_returns, metrics FROM ml.trials WHERE run_id = %(run_id)s AND state = 'DONE';
