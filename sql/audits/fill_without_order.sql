-- Fills whose order does not exist, was refused or never sent, or was placed after the fill (law 5).
-- An exchange's fill has its own time; the order's is the exchange's as HYDRA knows it, within a second (else
-- nothing is entered). Must return no rows.
SELECT o.run_id, f.fill_id, f.order_id, f.time, o.state AS order_state, o.placed_time
FROM hydra.fills AS f
LEFT JOIN hydra.orders AS o USING (order_id)
WHERE o.order_id IS NULL OR o.state IN ('PLANNED', 'REJECTED')
    OR f.time < o.placed_time - CASE f.evidence WHEN 'EXCHANGE' THEN interval '1 second' ELSE interval '0' END
ORDER BY o.run_id, f.fill_id
