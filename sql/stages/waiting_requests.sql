-- What operators have asked of a run and nobody has answered, oldest first.
SELECT request_id, verb, symbol, instrument_id, stop_price, target_price, max_holding_hours, requested_by, reason
FROM hydra.operator_requests
WHERE run_id = %(run_id)s AND answered_at IS NULL
ORDER BY request_id
