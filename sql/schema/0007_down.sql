-- Undoes 0007: trials, counts, and the funnel as it was.

ALTER DEFAULT PRIVILEGES IN SCHEMA ml REVOKE ALL ON TABLES FROM hydra_owner, hydra_worker, hydra_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA ml REVOKE ALL ON SEQUENCES FROM hydra_owner, hydra_worker;
DROP SCHEMA ml CASCADE;

CREATE OR REPLACE VIEW audit.veto_funnel AS
WITH verdicts AS (
    SELECT run_id, instrument_id, time, 2 AS layer, tradability = 'ALLOW' AS passed, reason_code
    FROM hydra.assessments
    UNION ALL
    SELECT run_id, instrument_id, time, 3, approved, reason_code FROM hydra.signals
    UNION ALL
    SELECT run_id, instrument_id, time, 4, approved, reason_code FROM hydra.risk_decisions
)
SELECT
    v.run_id,
    r.label,
    i.symbol,
    time_bucket(interval '1 hour', v.time) AS hour,
    v.layer,
    v.passed,
    v.reason_code,
    count(*) AS verdicts
FROM verdicts AS v
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
GROUP BY 1, 2, 3, 4, 5, 6, 7;

DROP TABLE hydra.veto_counts;
