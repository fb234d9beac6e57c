-- The instruments that the kill switch stops in a run at a minute; 0 for the whole portfolio.
SELECT coalesce(instrument_id, 0) AS instrument_id
FROM hydra.kill_switch
WHERE run_id = %(run_id)s AND cleared_time IS NULL
ORDER BY 1;
