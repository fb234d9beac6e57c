-- Every minute that a run has decided to the end, oldest first.
SELECT time FROM hydra.cycles WHERE run_id = %(run_id)s AND state = 'CLOSED' ORDER BY time;
