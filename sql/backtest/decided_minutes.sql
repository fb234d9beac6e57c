-- Every minute before %(end)s (null: every minute) that a run has decided to the end, and up to when facts were known
-- to it; oldest first.
SELECT time, as_of
FROM hydra.cycles
WHERE run_id = %(run_id)s AND state = 'CLOSED' AND (%(end)s::timestamptz IS NULL OR time < %(end)s)
ORDER BY time;
