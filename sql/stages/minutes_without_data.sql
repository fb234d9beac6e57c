-- How many minutes a run has assessed, and in how many of them every pair was blocked by its data.
SELECT count(*) AS assessed, count(*) FILTER (WHERE blocked = pairs) AS without_data
FROM (
    SELECT
        count(*) AS pairs,
        count(*) FILTER (WHERE tradability = 'BLOCK' AND reason_code = ANY(%(reason_codes)s)) AS blocked
    FROM hydra.assessments
    WHERE run_id = %(run_id)s
    GROUP BY time
) AS minutes
