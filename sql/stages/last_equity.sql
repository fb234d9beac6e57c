-- The equity of a run after its last settled cycle before a minute, and up to when facts were known to that.
SELECT e.time, c.as_of, e.cash_usd, e.day_peak_usd, e.peak_usd
FROM hydra.equity AS e
JOIN hydra.cycles AS c USING (run_id, time)
WHERE e.run_id = %(run_id)s AND e.time < %(time)s
ORDER BY e.time DESC
LIMIT 1;
