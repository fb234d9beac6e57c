-- A stopped run goes on.
UPDATE hydra.runs SET ended_at = NULL, end_reason = NULL WHERE run_id = %(run_id)s;
