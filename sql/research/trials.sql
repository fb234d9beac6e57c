-- The trials of a study.
SELECT trial_id, run_id, number, parameters, state, first_day, daily_returns, trades, net_pnl_usd, metrics, error
FROM ml.trials
WHERE study_id = %(study_id)s
ORDER BY number;
