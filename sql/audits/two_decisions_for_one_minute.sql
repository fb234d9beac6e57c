-- Minutes of a pair with two verdicts of a layer or two chosen signals (law 1). Must return no rows.
-- Keys prevent it, except in a database that was restored without them.
SELECT 'assessments' AS source_table, run_id, instrument_id, time, count(*) AS verdicts
FROM hydra.assessments GROUP BY run_id, instrument_id, time HAVING count(*) > 1
UNION ALL
SELECT 'signals', run_id, instrument_id, time, count(*)
FROM hydra.signals WHERE chosen GROUP BY run_id, instrument_id, time HAVING count(*) > 1
UNION ALL
SELECT 'risk_decisions', run_id, instrument_id, time, count(*)
FROM hydra.risk_decisions GROUP BY run_id, instrument_id, time HAVING count(*) > 1
ORDER BY source_table, run_id, instrument_id, time
