-- Approvals and entries although an earlier layer refused (law 4). What an operator had taken over is left out.
-- Must return no rows.
SELECT d.run_id, d.instrument_id, d.time, d.reason_code, s.chosen AS signal_chosen, a.tradability, o.order_id
FROM hydra.risk_decisions AS d
LEFT JOIN hydra.signals AS s USING (run_id, instrument_id, time, source)
LEFT JOIN hydra.assessments AS a USING (run_id, instrument_id, time)
LEFT JOIN hydra.orders AS o
    ON o.run_id = d.run_id AND o.instrument_id = d.instrument_id AND o.decision_time = d.time AND o.role = 'ENTRY'
        AND o.client_order_id NOT LIKE 'adopted-%'
WHERE (d.approved AND (s.chosen IS NOT TRUE OR a.tradability IS NULL OR a.tradability = 'BLOCK'))
    OR (o.order_id IS NOT NULL AND NOT d.approved)
ORDER BY d.run_id, d.instrument_id, d.time
