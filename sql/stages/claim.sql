-- Claims the oldest cycle of a run that waits in a state for this version, unless another process has claimed it.
-- durability (on or off) holds for this transaction: see workers/stages.py.
SELECT
    time,
    as_of,
    set_config('synchronous_commit', %(durability)s, true) AS durability
FROM hydra.cycles
WHERE run_id = %(run_id)s AND code_version = %(code_version)s
    AND state = %(state)s AND state NOT IN ('CLOSED', 'SKIPPED')
ORDER BY time
LIMIT 1
FOR UPDATE SKIP LOCKED;
