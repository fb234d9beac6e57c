-- Cycles that are not closed although the run has moved on or ended, and cycles outside the range of their run.
-- Must return no rows.
SELECT c.run_id, c.time, c.state, r.data_from, r.data_to, r.end_reason
FROM hydra.cycles AS c
JOIN hydra.runs AS r USING (run_id)
WHERE c.time < r.data_from OR c.time >= r.data_to
    OR (
        c.state NOT IN ('CLOSED', 'SKIPPED')
        AND (
            r.end_reason = 'finished'
            OR EXISTS (SELECT FROM hydra.cycles AS n WHERE n.run_id = c.run_id AND n.time > c.time)
        )
    )
ORDER BY c.run_id, c.time
