-- Stores the states that orders went into.
INSERT INTO hydra.order_events (order_id, sequence, time, state, reason_code, detail)
SELECT order_id, sequence, time, state, reason_code, detail
FROM jsonb_populate_recordset(NULL::hydra.order_events, %(rows)s::jsonb);
