-- How many trials of a study are finished, and how many there are.
SELECT count(*) FILTER (WHERE state <> 'PLANNED') AS finished, count(*) AS planned
FROM ml.trials
WHERE study_id = %(study_id)s;
