-- What came of an operator's request.
UPDATE hydra.operator_requests
SET answered_at = now(), answer = %(answer)s, is_done = %(is_done)s
WHERE request_id = %(request_id)s AND answered_at IS NULL
