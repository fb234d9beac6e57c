-- What scores the minutes of a run by then, and why not what it asks for: the newest row.
SELECT score_kind, complaint
FROM hydra.run_scorers
WHERE run_id = %(run_id)s AND time <= %(time)s
ORDER BY time DESC
LIMIT 1;
