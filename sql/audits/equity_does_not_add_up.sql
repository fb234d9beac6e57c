-- Equity that is not cash plus unrealised profit, or above its own peak. Must return no rows.
SELECT run_id, time, cash_usd, unrealised_usd, equity_usd, day_peak_usd, peak_usd
FROM hydra.equity
WHERE equity_usd <> cash_usd + unrealised_usd OR equity_usd > day_peak_usd OR day_peak_usd > peak_usd
ORDER BY run_id, time
