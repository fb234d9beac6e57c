-- The kill switches that stopped a pair in a minute.
SELECT scope, cause, latched_time, numbers
FROM hydra.kill_switch
WHERE run_id = %(run_id)s AND (scope = 'portfolio' OR instrument_id = %(instrument_id)s)
    AND latched_time <= %(time)s AND (cleared_time IS NULL OR cleared_time > %(time)s)
ORDER BY latched_time
