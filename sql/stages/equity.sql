-- The equity of a run at a minute.
SELECT equity_usd, day_peak_usd, peak_usd, exposure_usd, portfolio_heat
FROM hydra.equity
WHERE run_id = %(run_id)s AND time = %(time)s;
