-- The equity of a run, cycle by cycle: microseconds since 1970, UTC; USDT. exposure_usd with working entries (C120).
SELECT
    (extract(epoch FROM time) * 1000000)::bigint AS microsecond,
    equity_usd::double precision AS equity_usd,
    exposure_usd::double precision AS exposure_usd
FROM hydra.equity
WHERE run_id = %(run_id)s
ORDER BY time
