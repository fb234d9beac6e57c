-- How many minutes a run has opened and not yet decided to the end, and how many it has skipped.
SELECT count(*) FILTER (WHERE state <> 'SKIPPED') AS undecided, count(*) FILTER (WHERE state = 'SKIPPED') AS skipped
FROM hydra.cycles
WHERE run_id = %(run_id)s AND state <> 'CLOSED';
