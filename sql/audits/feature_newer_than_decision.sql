-- Features that used a fact which was not known yet when the minute was decided (law 3). Must return no rows.
SELECT f.run_id, f.instrument_id, f.time, f.newest_known_at, c.as_of
FROM hydra.features AS f
JOIN hydra.cycles AS c USING (run_id, time)
WHERE f.newest_known_at > c.as_of
ORDER BY f.run_id, f.instrument_id, f.time
