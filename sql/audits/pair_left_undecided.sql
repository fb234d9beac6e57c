-- Pairs that a closed cycle assessed and did not decide, or decided and did not assess (law 1).
-- Must return no rows.
SELECT run_id, instrument_id, time, a.tradability, d.reason_code
FROM hydra.assessments AS a
FULL JOIN hydra.risk_decisions AS d USING (run_id, instrument_id, time)
JOIN hydra.cycles AS c USING (run_id, time)
WHERE c.state = 'CLOSED' AND (a.tradability IS NULL OR d.reason_code IS NULL)
ORDER BY run_id, instrument_id, time
