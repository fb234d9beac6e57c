-- Claims the next planned trial of a study for the length of this transaction: if the process dies, it is free again.
SELECT trial_id, number, parameters
FROM ml.trials
WHERE study_id = %(study_id)s AND state = 'PLANNED'
ORDER BY number
LIMIT 1
FOR UPDATE SKIP LOCKED;
