-- The pairs of a run that have a working order or an open position.
SELECT instrument_id FROM hydra.positions WHERE run_id = %(run_id)s AND state <> 'CLOSED'
UNION
SELECT instrument_id FROM hydra.orders
WHERE run_id = %(run_id)s AND state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
