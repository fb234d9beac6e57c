-- What vetoes and exits by news came to, and the trades beside them.
SELECT kind, said, horizon_minutes, events, days, mean_bps, low_bps, high_bps
FROM audit.news_effect
WHERE run_id = %(run_id)s
ORDER BY kind DESC, said, horizon_minutes
