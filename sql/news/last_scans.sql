-- The newest scans of a run, the newest first.
SELECT
    scan_id, time, trigger, outcome, detail, provider, model_id, input_tokens, output_tokens, cost_usd, latency_ms
FROM hydra.news_scans
WHERE run_id = %(run_id)s
ORDER BY scan_id DESC
LIMIT %(most)s;
