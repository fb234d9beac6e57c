-- Stores a backtest's equity from its staging table.
INSERT INTO hydra.equity (
    run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd, exposure_usd, portfolio_heat,
    stale_positions
)
SELECT
    %(run_id)s, time, cash_e8 * 0.00000001, unrealised_e8 * 0.00000001, (cash_e8 + unrealised_e8) * 0.00000001,
    day_peak_e8 * 0.00000001, peak_e8 * 0.00000001, exposure_e8 * 0.00000001, portfolio_heat,
    stale_positions
FROM backtest_equity
ORDER BY time;
