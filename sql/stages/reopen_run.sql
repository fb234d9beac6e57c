-- Reopens a stopped run, and records its speed.
UPDATE hydra.runs
SET ended_at = NULL, end_reason = NULL, config = jsonb_set(config, '{speed}', to_jsonb(%(speed)s::text))
WHERE run_id = %(run_id)s;
