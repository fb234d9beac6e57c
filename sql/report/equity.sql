-- Where the equity of a run began and ended, what it held, and how far it fell within a UTC day (C31).
SELECT
    count(*) AS minutes,
    (array_agg(equity_usd ORDER BY time))[1] AS start_usd,
    (array_agg(equity_usd ORDER BY time DESC))[1] AS end_usd,
    (array_agg(unrealised_usd ORDER BY time DESC))[1] AS unrealised_usd,
    max(1 - equity_usd / nullif(day_peak_usd, 0)) AS max_daily_drawdown,
    max(exposure_usd) AS max_exposure_usd,
    max(portfolio_heat) AS max_portfolio_heat
FROM hydra.equity
WHERE run_id = %(run_id)s
