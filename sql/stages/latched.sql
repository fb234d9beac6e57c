-- What is latched in a run, oldest first.
SELECT kill_id, scope, base AS symbol, latched_time, cause, numbers
FROM hydra.kill_switch
LEFT JOIN market.instruments USING (instrument_id)
WHERE run_id = %(run_id)s AND cleared_time IS NULL
ORDER BY kill_id
FOR UPDATE OF kill_switch;
