-- The signals of a minute that layer 3 decided, with the last exit of the same pair, source and side (C117).
SELECT
    s.instrument_id, s.source, s.side, s.confidence, s.score, s.expected_return, s.expected_adverse_excursion,
    s.holding_period_minutes, s.chosen, s.reason_code,
    extract(epoch FROM s.time - exits.closed_time)::float8 / 60 AS minutes_since_exit,
    coalesce(exits.exit_reason_code IN ('STOP_HIT', 'LIQUIDATED'), false) AS stopped_out
FROM hydra.signals AS s
LEFT JOIN LATERAL (
    SELECT p.closed_time, p.exit_reason_code
    FROM hydra.positions AS p
    JOIN hydra.risk_decisions AS d
        ON d.run_id = p.run_id AND d.instrument_id = p.instrument_id AND d.time = p.decision_time
    WHERE p.run_id = s.run_id AND p.instrument_id = s.instrument_id AND p.side = s.side AND d.source = s.source
        AND p.closed_time IS NOT NULL
    ORDER BY p.closed_time DESC
    LIMIT 1
) AS exits ON s.chosen
WHERE s.run_id = %(run_id)s AND s.time = %(time)s
ORDER BY s.instrument_id, s.chosen DESC, s.score DESC NULLS LAST, s.source;
