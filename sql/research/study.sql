-- A study by its name.
SELECT study_id, specification, data_hash, readings_hash, code_version FROM ml.studies WHERE name = %(name)s;
