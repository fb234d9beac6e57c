-- Opens a decision minute, unless it was opened before or another one is not finished (lock-step).
INSERT INTO hydra.cycles (run_id, time, state, as_of)
SELECT %(run_id)s, %(time)s, 'OPEN', %(as_of)s
WHERE NOT EXISTS (
    SELECT FROM hydra.cycles WHERE run_id = %(run_id)s AND state NOT IN ('CLOSED', 'SKIPPED')
)
ON CONFLICT DO NOTHING;
