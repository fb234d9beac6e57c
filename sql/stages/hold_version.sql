-- Keeps the version of a run as it is until the transaction ends: no clock opens a minute meanwhile.
SELECT code_version FROM hydra.runs WHERE run_id = %(run_id)s FOR NO KEY UPDATE;
