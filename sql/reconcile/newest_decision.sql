-- The newest minute of a run in which a pair was decided, and the source of its signal.
SELECT time FROM hydra.risk_decisions
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s
ORDER BY time DESC
LIMIT 1
