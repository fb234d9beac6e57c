-- An operator's latches and clears in a run, in order: the instrument (0: everything), the time on the run's clock,
-- the state of that minute, and whether it was latched or cleared.
SELECT coalesce(instrument_id, 0) AS instrument_id, time, state, is_latched
FROM (
    SELECT instrument_id, latched_time AS time, numbers ->> 'latched_in' AS state, true AS is_latched, kill_id
    FROM hydra.kill_switch
    WHERE run_id = %(run_id)s AND numbers ? 'by'
    UNION ALL
    SELECT instrument_id, cleared_time, numbers ->> 'cleared_in', false, kill_id
    FROM hydra.kill_switch
    WHERE run_id = %(run_id)s AND cleared_time IS NOT NULL AND cleared_by <> 'assumed operator'
) AS changes
ORDER BY time, kill_id, is_latched DESC;
