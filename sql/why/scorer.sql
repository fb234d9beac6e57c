-- What scores a run in a minute, and why not what it asks for; nothing where it asks for a rule.
SELECT wanted, score_kind, complaint
FROM hydra.run_scorers
WHERE run_id = %(run_id)s AND time <= %(time)s
ORDER BY time DESC
LIMIT 1
