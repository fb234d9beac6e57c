-- What scored the minutes of a run, in order.
SELECT time, wanted, score_kind, sha256, complaint
FROM hydra.run_scorers
WHERE run_id = %(run_id)s
ORDER BY time;
