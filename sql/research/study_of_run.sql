-- The study of the trial that a run was counted as, or that was opened as this run.
SELECT study_id FROM ml.trials WHERE run_id = %(run_id)s AND state = 'DONE';
