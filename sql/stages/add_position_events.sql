-- Stores what happened to positions.
INSERT INTO hydra.position_events (position_id, sequence, time, kind, amount_usd, reason_code, numbers)
SELECT position_id, sequence, time, kind, amount_usd, reason_code, numbers
FROM jsonb_populate_recordset(NULL::hydra.position_events, %(rows)s::jsonb);
