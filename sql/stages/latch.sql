-- Latches the kill switch of a run (or of one of its pairs), unless it is latched already.
INSERT INTO hydra.kill_switch (run_id, scope, instrument_id, latched_time, cause, numbers)
VALUES (%(run_id)s, %(scope)s, %(instrument_id)s, %(time)s, %(cause)s, %(numbers)s)
ON CONFLICT (run_id, coalesce(instrument_id, 0)) WHERE cleared_time IS NULL DO NOTHING
RETURNING kill_id;
