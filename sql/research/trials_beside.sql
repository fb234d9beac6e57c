-- The Sharpe ratios per day of every finished trial on the market of a run, whatever its stretch, as far as the
-- stretches overlap: the run is one of them.
SELECT (other.metrics->>'sharpe_per_day')::float8 AS sharpe_per_day
FROM ml.trials AS own
JOIN ml.studies AS asked USING (study_id)
JOIN ml.studies AS study ON study.market = asked.market
    AND study.data_from < asked.data_to AND asked.data_from < study.data_to
JOIN ml.trials AS other ON other.study_id = study.study_id
WHERE own.run_id = %(run_id)s AND other.state = 'DONE';
