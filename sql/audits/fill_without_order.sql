-- Fills whose order does not exist, was refused or never sent, or was placed after the fill (law 5).
-- An exchange's fill has its own time; the order's is the exchange's as HYDRA knows it: of an entry within a second
-- (else nothing is entered). What closes a position is sent whatever the clock; within 5 seconds, beyond which
-- the exchange refuses a request. Must return no rows.
SELECT o.run_id, f.fill_id, f.order_id, f.time, o.state AS order_state, o.placed_time
FROM hydra.fills AS f
LEFT JOIN hydra.orders AS o USING (order_id)
WHERE o.order_id IS NULL OR o.state IN ('PLANNED', 'REJECTED')
    OR f.time < o.placed_time - CASE
        WHEN f.evidence <> 'EXCHANGE' THEN interval '0'
        WHEN o.role = 'ENTRY' THEN interval '1 second'
        ELSE interval '5 seconds'
    END
ORDER BY o.run_id, f.fill_id
