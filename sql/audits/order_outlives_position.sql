-- Working exit orders of closed positions: they could open an opposite position. Must return no rows.
SELECT o.run_id, o.order_id, o.role, o.state, o.position_id, p.closed_time
FROM hydra.orders AS o
JOIN hydra.positions AS p USING (position_id)
WHERE o.role <> 'ENTRY' AND p.state = 'CLOSED' AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED')
ORDER BY o.run_id, o.order_id
