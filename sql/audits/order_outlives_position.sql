-- Working exit orders of closed positions: they could open an opposite position. Stops whose entry has ended without
-- one: they could close somebody's. At an exchange it takes some seconds to cancel them. Must return no rows.
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
UNION ALL
SELECT o.run_id, o.order_id, o.role, o.state, o.position_id, max(e.finished_time)
FROM hydra.orders AS o
JOIN hydra.orders AS e USING (run_id, instrument_id, decision_time)
WHERE o.role <> 'ENTRY' AND o.position_id IS NULL AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED') AND e.role = 'ENTRY'
GROUP BY o.order_id
HAVING
    bool_and(e.state IN ('FILLED', 'CANCELED', 'REJECTED', 'EXPIRED')) AND NOT bool_or(e.filled_quantity > 0)
    AND (
        SELECT max(v.recorded_at) FROM hydra.order_events AS v WHERE v.order_id = ANY (array_agg(e.order_id))
    ) < now() - interval '10 seconds'
ORDER BY run_id, order_id
