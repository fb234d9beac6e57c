-- Entries placed while the kill switch was latched. What an operator had taken over is left out.
-- Must return no rows.
SELECT o.run_id, o.order_id, o.instrument_id, o.placed_time, k.kill_id, k.latched_time, k.cleared_time
FROM hydra.orders AS o
JOIN hydra.kill_switch AS k
    ON k.run_id = o.run_id AND (k.scope = 'portfolio' OR k.instrument_id = o.instrument_id)
WHERE o.role = 'ENTRY' AND o.client_order_id NOT LIKE 'adopted-%' AND o.placed_time > k.latched_time
    AND (k.cleared_time IS NULL OR o.placed_time < k.cleared_time)
ORDER BY o.run_id, o.order_id
