-- Advances a cycle by one state, stamped with the version that did it; the end of a cycle is announced on commit.
WITH moved AS (
    UPDATE hydra.cycles
    SET
        state = %(state)s,
        code_version = %(code_version)s,
        closed_at = CASE WHEN %(state)s = 'CLOSED' THEN clock_timestamp() END
    WHERE run_id = %(run_id)s AND time = %(time)s
    RETURNING run_id, state
)
SELECT pg_notify(%(channel)s, run_id::text) FROM moved WHERE state = 'CLOSED';
