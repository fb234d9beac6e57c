-- Puts refused rows into quarantine: parallel arrays of line, reason and the row as JSON text.
INSERT INTO market.quarantine (batch_id, origin, line, target_table, reason, raw)
SELECT %(batch_id)s, %(origin)s, line, %(target_table)s, reason, raw::jsonb
FROM unnest(%(lines)s::bigint[], %(reasons)s::text[], %(raws)s::text[]) AS rejected (line, reason, raw);
