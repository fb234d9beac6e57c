-- The equity of a run, minute by minute.
SELECT time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd, exposure_usd, portfolio_heat
FROM hydra.equity
WHERE run_id = %(run_id)s AND time >= %(start)s AND time <= %(end)s;
