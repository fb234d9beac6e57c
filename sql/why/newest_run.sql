-- The newest run that has decided a minute; %(run_id)s asks for one run only.
SELECT runs.run_id
FROM hydra.runs
WHERE (%(run_id)s::bigint IS NULL OR runs.run_id = %(run_id)s)
    AND (
        EXISTS (SELECT FROM hydra.cycles WHERE cycles.run_id = runs.run_id AND cycles.state = 'CLOSED')
        OR EXISTS (SELECT FROM hydra.veto_counts WHERE veto_counts.run_id = runs.run_id)
        OR EXISTS (SELECT FROM hydra.assessments WHERE assessments.run_id = runs.run_id)
    )
ORDER BY runs.run_id DESC
LIMIT 1
