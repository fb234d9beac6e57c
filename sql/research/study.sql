-- A study, by its name or by its key.
SELECT study_id, name, specification, data_hash, readings_hash, code_version
FROM ml.studies
WHERE name = %(name)s OR study_id = %(study_id)s;
