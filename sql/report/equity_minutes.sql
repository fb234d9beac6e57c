-- Equity, drawdown from the peak and exposure of a run, a row a booked minute; as plots need them, not exact.
SELECT
    time,
    equity_usd::double precision AS equity_usd,
    (1 - equity_usd / nullif(peak_usd, 0))::double precision AS drawdown,
    exposure_usd::double precision AS exposure_usd
FROM hydra.equity
WHERE run_id = %(run_id)s
ORDER BY time
