-- What the news analyst cost, day by day.
SELECT day, scans, analyses, failures, input_tokens, output_tokens, cost_usd, without_price, median_latency_ms
FROM audit.news_cost
WHERE run_id = %(run_id)s
ORDER BY day
