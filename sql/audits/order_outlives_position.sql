-- Working exit orders of closed positions: they could open an opposite position. At an exchange it takes some seconds to
-- cancel them. Must return no rows.
SELECT o.run_id, o.order_id, o.role, o.state, o.position_id, p.closed_time
FROM hydra.orders AS o
JOIN hydra.positions AS p USING (position_id)
JOIN hydra.runs AS r ON r.run_id = o.run_id
WHERE o.role <> 'ENTRY' AND p.state = 'CLOSED' AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED')
    AND (
        r.mode IN ('paper', 'backtest') OR NOT EXISTS (
            SELECT FROM hydra.position_events AS e
            WHERE e.position_id = p.position_id AND e.kind = 'CLOSED' AND e.recorded_at > now() - interval '10 seconds'
        )
    )
ORDER BY o.run_id, o.order_id
