-- Chosen signals of closed cycles without a decision of layer 4, or decided with another side. Must return no rows.
SELECT s.run_id, s.instrument_id, s.time, s.source, s.side, d.source AS judged_source, d.side AS judged_side
FROM hydra.signals AS s
JOIN hydra.cycles AS c USING (run_id, time)
LEFT JOIN hydra.risk_decisions AS d USING (run_id, instrument_id, time)
WHERE s.chosen AND c.state = 'CLOSED' AND (d.source, d.side) IS DISTINCT FROM (s.source, s.side)
ORDER BY s.run_id, s.instrument_id, s.time
