-- An operator's request to the process that trades a run, unless one of the pair waits already.
WITH added AS (
    INSERT INTO hydra.operator_requests (
        run_id, verb, symbol, instrument_id, stop_price, target_price, max_holding_hours, requested_by, reason
    )
    VALUES (
        %(run_id)s, %(verb)s, %(symbol)s, %(instrument_id)s, %(stop_price)s, %(target_price)s, %(max_holding_hours)s,
        %(requested_by)s, %(reason)s
    )
    ON CONFLICT (run_id, symbol) WHERE answered_at IS NULL DO NOTHING
    RETURNING request_id, run_id
)
SELECT request_id, pg_notify(%(channel)s, run_id::text) FROM added
