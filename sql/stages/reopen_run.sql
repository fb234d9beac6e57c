-- A stopped run goes on, at a speed that is recorded.
UPDATE hydra.runs
SET ended_at = NULL, end_reason = NULL, config = jsonb_set(config, '{speed}', to_jsonb(%(speed)s::text))
WHERE run_id = %(run_id)s;
