-- A study by its key.
SELECT specification, data_hash FROM ml.studies WHERE study_id = %(study_id)s;
