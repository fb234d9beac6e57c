-- The trial that a run was counted as, or that was played again as this run.
SELECT study_id, daily_returns, metrics FROM ml.trials WHERE run_id = %(run_id)s AND state = 'DONE';
