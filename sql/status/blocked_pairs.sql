-- The pairs that layer 2 blocks in the newest decided minute of some runs, by reason. %(reason_codes)s: those that count.
SELECT newest.run_id, newest.time, blocked.reason, array_agg(pairs.base ORDER BY pairs.instrument_id) AS pairs
FROM (
    SELECT DISTINCT ON (run_id) run_id, time
    FROM hydra.cycles
    WHERE run_id = ANY(%(run_ids)s::bigint[]) AND state = 'CLOSED'
    ORDER BY run_id, time DESC
) AS newest
JOIN hydra.assessments AS blocked USING (run_id, time)
JOIN market.instruments AS pairs USING (instrument_id)
WHERE blocked.tradability = 'BLOCK' AND blocked.reason_code = ANY(%(reason_codes)s)
GROUP BY newest.run_id, newest.time, blocked.reason
ORDER BY newest.run_id DESC, blocked.reason
