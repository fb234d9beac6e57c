-- An instant at which the run has no scan yet; views of one pair and run have different times.
SELECT %(time)s + count(*) * interval '1 microsecond' AS time
FROM hydra.news_scans
WHERE run_id = %(run_id)s AND time >= %(time)s AND time < %(time)s + interval '1 millisecond';
