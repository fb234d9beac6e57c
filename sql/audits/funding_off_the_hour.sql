-- Settlements that are not on the hour, or whose interval no exchange uses. Must return no rows.
SELECT instrument_id, time, interval_hours
FROM market.funding_rates
WHERE time <> date_trunc('hour', time) OR interval_hours NOT IN (1, 2, 4, 8)
ORDER BY instrument_id, time
