-- The kill switches of a run: when, why, and whether somebody cleared them (C123).
SELECT k.latched_time, k.scope, i.base, k.cause, k.cleared_time, k.cleared_by, k.clear_reason
FROM hydra.kill_switch AS k
LEFT JOIN market.instruments AS i USING (instrument_id)
WHERE k.run_id = %(run_id)s
ORDER BY k.latched_time, k.kill_id
