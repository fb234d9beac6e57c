-- Records the result of a trial.
UPDATE ml.trials
SET
    state = %(state)s,
    run_id = %(run_id)s,
    first_day = %(first_day)s,
    daily_returns = %(daily_returns)s,
    trades = %(trades)s,
    net_pnl_usd = %(net_pnl_usd)s,
    metrics = %(metrics)s,
    error = %(error)s,
    finished_at = clock_timestamp()
WHERE trial_id = %(trial_id)s;
