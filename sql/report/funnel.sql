-- How many verdicts each layer of a run gave, by reason.
SELECT layer, passed, reason_code, sum(verdicts)::bigint AS verdicts
FROM audit.veto_funnel
WHERE run_id = %(run_id)s
GROUP BY layer, passed, reason_code
ORDER BY layer, passed DESC, verdicts DESC, reason_code
