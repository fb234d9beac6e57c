-- The minutes (since 1970) and pairs for which a run has verdicts.
SELECT instrument_id, extract(epoch FROM time)::bigint / 60 AS minute
FROM hydra.assessments
WHERE run_id = %(run_id)s;
