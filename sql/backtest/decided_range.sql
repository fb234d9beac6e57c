-- The first and the last minute that a run has decided to the end.
SELECT min(time), max(time) FROM hydra.cycles WHERE run_id = %(run_id)s AND state = 'CLOSED';
