-- The runs that decide minutes of an exchange now: their supervisor lives.
SELECT run_id FROM hydra.watched_runs WHERE venue = %(venue)s AND is_supervised ORDER BY run_id;
