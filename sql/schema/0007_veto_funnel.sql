-- The funnel of a backtest comes from its counts: it stores only the rows of minutes in which something happened.

CREATE OR REPLACE VIEW audit.veto_funnel AS
WITH verdicts AS (
    SELECT run_id, instrument_id, time, 2 AS layer, tradability = 'ALLOW' AS passed, reason_code
    FROM hydra.assessments
    UNION ALL
    SELECT run_id, instrument_id, time, 3, approved, reason_code FROM hydra.signals
    UNION ALL
    SELECT run_id, instrument_id, time, 4, approved, reason_code FROM hydra.risk_decisions
),
counts AS (
    SELECT v.run_id, v.instrument_id, time_bucket(interval '1 hour', v.time) AS hour, v.layer, v.passed,
        v.reason_code, count(*) AS verdicts
    FROM verdicts AS v
    JOIN hydra.runs AS r USING (run_id)
    WHERE r.mode <> 'backtest'
    GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT run_id, instrument_id, hour, layer, passed, reason_code, verdicts FROM hydra.veto_counts
)
SELECT c.run_id, r.label, i.symbol, c.hour, c.layer, c.passed, c.reason_code, c.verdicts
FROM counts AS c
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id);
