-- How many minutes a run has opened and not yet decided to the end.
SELECT count(*) FROM hydra.cycles WHERE run_id = %(run_id)s AND state <> 'CLOSED';
