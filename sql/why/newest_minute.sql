-- The newest minute of a pair that was decided; where none is, the newest that was assessed.
SELECT coalesce(
    (SELECT max(time) FROM hydra.risk_decisions WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s),
    (SELECT max(time) FROM hydra.assessments WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s)
) AS time
