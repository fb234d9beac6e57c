-- Skips the minutes of a run from %(first)s to %(last)s: nothing is decided in them. Not while another one is unfinished,
-- nor for a run of another version.
INSERT INTO hydra.cycles (run_id, time, state, as_of, closed_at, code_version, reason_code)
SELECT run_id, minute, 'SKIPPED', %(as_of)s, clock_timestamp(), code_version, %(reason_code)s
FROM hydra.runs
CROSS JOIN generate_series(%(first)s::timestamptz, %(last)s::timestamptz, interval '1 minute') AS minute
WHERE run_id = %(run_id)s AND code_version = %(code_version)s
    AND NOT EXISTS (
        SELECT FROM hydra.cycles WHERE run_id = %(run_id)s AND state NOT IN ('CLOSED', 'SKIPPED')
    )
FOR SHARE OF runs
ON CONFLICT DO NOTHING;
