-- The run's clock: the as_of of its newest minute and what has passed since it was opened, a minute at most.
SELECT as_of + least(greatest(now() - opened_at, interval '0'), interval '1 minute') AS time
FROM hydra.cycles
WHERE run_id = %(run_id)s
ORDER BY time DESC
LIMIT 1;
