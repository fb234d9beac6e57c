-- The signals behind the open positions of a run.
SELECT p.instrument_id, s.source, (s.metadata->>'thesis_strength')::float8 AS strength
FROM hydra.positions AS p
JOIN hydra.risk_decisions AS d
    ON d.run_id = p.run_id AND d.instrument_id = p.instrument_id AND d.time = p.decision_time
JOIN hydra.signals AS s
    ON s.run_id = d.run_id AND s.instrument_id = d.instrument_id AND s.time = d.time AND s.source = d.source
WHERE p.run_id = %(run_id)s AND p.state <> 'CLOSED'
ORDER BY p.instrument_id;
