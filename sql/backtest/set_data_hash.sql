-- Notes which facts a run was decided on.
UPDATE hydra.runs SET data_hash = %(data_hash)s WHERE run_id = %(run_id)s;
