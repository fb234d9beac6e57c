-- A comparison begins.
INSERT INTO hydra.reconciliations (run_id, time, cause)
VALUES (%(run_id)s, %(time)s, %(cause)s)
RETURNING reconciliation_id
