-- Stores the equity of a run after a minute.
INSERT INTO hydra.equity (
    run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd, exposure_usd, portfolio_heat,
    stale_positions
)
VALUES (
    %(run_id)s, %(time)s, %(cash_usd)s, %(unrealised_usd)s, %(equity_usd)s, %(day_peak_usd)s, %(peak_usd)s,
    %(exposure_usd)s, %(portfolio_heat)s, %(stale_positions)s
);
