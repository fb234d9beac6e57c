-- Minutes of a pair that a layer judged twice, or that chose two signals (law 1). Must return no rows.
-- Keys forbid it; a database that was restored without them would not.
SELECT 'assessments' AS source_table, run_id, instrument_id, time, count(*) AS verdicts
FROM hydra.assessments GROUP BY run_id, instrument_id, time HAVING count(*) > 1
UNION ALL
SELECT 'signals', run_id, instrument_id, time, count(*)
FROM hydra.signals WHERE chosen GROUP BY run_id, instrument_id, time HAVING count(*) > 1
UNION ALL
SELECT 'risk_decisions', run_id, instrument_id, time, count(*)
FROM hydra.risk_decisions GROUP BY run_id, instrument_id, time HAVING count(*) > 1
ORDER BY source_table, run_id, instrument_id, time
