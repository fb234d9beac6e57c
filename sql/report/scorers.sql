-- What scored a run that asks for a model, in order.
SELECT time, wanted, score_kind, complaint
FROM hydra.run_scorers
WHERE run_id = %(run_id)s
ORDER BY time
