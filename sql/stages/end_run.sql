-- Records that a run has ended and why; a run that has ended keeps its first end.
UPDATE hydra.runs SET ended_at = clock_timestamp(), end_reason = %(reason)s
WHERE run_id = %(run_id)s AND ended_at IS NULL;
