-- Gives a run to a version, with the minute that is not finished.
WITH handed_over AS (
    UPDATE hydra.cycles SET code_version = %(code_version)s
    WHERE run_id = %(run_id)s AND state NOT IN ('CLOSED', 'SKIPPED')
)
UPDATE hydra.runs
SET
    code_version = %(code_version)s,
    readings_hash = %(readings_hash)s,
    feature_set_version = %(feature_set_version)s,
    cost_model_version = %(cost_model_version)s
WHERE run_id = %(run_id)s;
