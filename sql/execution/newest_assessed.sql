-- The newest minute of a run in which layer 2 has assessed a pair, and as of when.
SELECT a.time, c.as_of
FROM hydra.assessments AS a
JOIN hydra.cycles AS c USING (run_id, time)
WHERE a.run_id = %(run_id)s AND a.instrument_id = %(instrument_id)s
ORDER BY a.time DESC
LIMIT 1
