-- Store a scan.
INSERT INTO hydra.news_scans (
    run_id, time, trigger, outcome, detail, provider, model_id, prompt, answer, item_ids, input_tokens, output_tokens,
    cost_usd, latency_ms, stop_reason, request_id, retry_at
)
VALUES (
    %(run_id)s, %(time)s, %(trigger)s, %(outcome)s, %(detail)s, %(provider)s, %(model_id)s, %(prompt)s, %(answer)s,
    %(item_ids)s, %(input_tokens)s, %(output_tokens)s, %(cost_usd)s, %(latency_ms)s, %(stop_reason)s, %(request_id)s,
    now() + %(retry_after_s)s * interval '1 second'
)
RETURNING scan_id;
