-- Advances a cycle by one state; the end of a cycle is announced to listeners on commit.
WITH moved AS (
    UPDATE hydra.cycles
    SET state = %(state)s, closed_at = CASE WHEN %(state)s = 'CLOSED' THEN clock_timestamp() END
    WHERE run_id = %(run_id)s AND time = %(time)s
    RETURNING run_id, state
)
SELECT pg_notify(%(channel)s, run_id::text) FROM moved WHERE state = 'CLOSED';
