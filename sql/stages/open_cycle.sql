-- Opens a decision minute, unless it was opened before, another one is not finished (lock-step), or the run belongs to
-- another version. The lock on the run makes an upgrade come before or after, never in between.
INSERT INTO hydra.cycles (run_id, time, state, as_of, code_version)
SELECT run_id, %(time)s, 'OPEN', %(as_of)s, code_version
FROM hydra.runs
WHERE run_id = %(run_id)s AND code_version = %(code_version)s
    AND NOT EXISTS (
        SELECT FROM hydra.cycles WHERE run_id = %(run_id)s AND state NOT IN ('CLOSED', 'SKIPPED')
    )
FOR SHARE OF runs
ON CONFLICT DO NOTHING;
