-- Plans the trials of a study.
INSERT INTO ml.trials (study_id, number, parameters, state)
SELECT %(study_id)s, number, parameters, 'PLANNED'
FROM jsonb_to_recordset(%(rows)s::jsonb) AS planned (number integer, parameters jsonb);
