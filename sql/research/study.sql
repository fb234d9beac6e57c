-- A study by its name.
SELECT study_id, specification, data_hash, decision_set, code_version FROM ml.studies WHERE name = %(name)s;
