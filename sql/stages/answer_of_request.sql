-- What came of an operator's request; no row while it waits.
SELECT answer, is_done FROM hydra.operator_requests WHERE request_id = %(request_id)s AND answered_at IS NOT NULL
