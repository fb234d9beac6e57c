-- Events of a run since they were last read: entries sent, filled and given up, positions reduced and closed, kill
-- switches latched and cleared, minutes skipped. %(working)s and %(latched)s: the entry orders and kill switches that were not final
-- then; place orders the events of one minute. Keys are those of orders, fills and kill_switch.
WITH new_fills AS (
    SELECT fills.fill_id, fills.time, fills.price, fills.quantity, orders.instrument_id, orders.role, orders.side,
        orders.position_id, orders.decision_time
    FROM hydra.fills
    JOIN hydra.orders USING (order_id)
    WHERE orders.run_id = %(run_id)s AND fills.fill_id > %(after_fill)s
),
events AS (
    SELECT
        1 AS place, orders.placed_time AS time, 'ENTRY_SENT' AS kind, orders.order_id AS key, orders.instrument_id,
        risk_decisions.side, coalesce(orders.limit_price, orders.reference_price) AS price, orders.quantity,
        NULL::numeric AS net_pnl_usd, NULL AS reason_code, risk_decisions.source AS words
    FROM hydra.orders
    JOIN hydra.risk_decisions
        ON risk_decisions.run_id = orders.run_id AND risk_decisions.instrument_id = orders.instrument_id
        AND risk_decisions.time = orders.decision_time
    WHERE orders.run_id = %(run_id)s AND orders.role = 'ENTRY' AND orders.order_id > %(after_order)s
    UNION ALL
    SELECT
        3, coalesce(finished_time, placed_time), 'ENTRY_ENDED', order_id, instrument_id,
        CASE side WHEN 'BUY' THEN 'LONG' ELSE 'SHORT' END, NULL, filled_quantity, NULL, reason_code, state
    FROM hydra.orders
    WHERE run_id = %(run_id)s AND role = 'ENTRY'
        AND (order_id > %(after_order)s OR order_id = ANY(%(working)s))
        AND state NOT IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
    UNION ALL
    SELECT
        2, time, 'ENTRY_FILLED', fill_id, instrument_id, CASE side WHEN 'BUY' THEN 'LONG' ELSE 'SHORT' END, price,
        quantity, NULL, NULL, NULL
    FROM new_fills
    WHERE role = 'ENTRY'
    UNION ALL
    SELECT
        4, max(new_fills.time), CASE positions.state WHEN 'CLOSED' THEN 'CLOSED' ELSE 'REDUCED' END,
        max(new_fills.fill_id), positions.instrument_id, positions.side,
        sum(new_fills.price * new_fills.quantity) / sum(new_fills.quantity), sum(new_fills.quantity),
        positions.net_pnl_usd, positions.exit_reason_code, NULL
    FROM new_fills
    JOIN hydra.positions USING (position_id)
    WHERE new_fills.role <> 'ENTRY'
    GROUP BY positions.position_id
    UNION ALL
    SELECT 5, latched_time, 'LATCHED', kill_id, instrument_id, NULL, NULL, NULL, NULL, NULL, cause
    FROM hydra.kill_switch
    WHERE run_id = %(run_id)s AND kill_id > %(after_kill)s
    UNION ALL
    SELECT 6, cleared_time, 'CLEARED', kill_id, instrument_id, NULL, NULL, NULL, NULL, NULL, clear_reason
    FROM hydra.kill_switch
    WHERE run_id = %(run_id)s AND cleared_time IS NOT NULL
        AND (kill_id > %(after_kill)s OR kill_id = ANY(%(latched)s))
    UNION ALL
    SELECT 0, max(time), 'SKIPPED', 0, NULL, NULL, NULL, count(*), NULL, reason_code, NULL
    FROM hydra.cycles
    WHERE run_id = %(run_id)s AND state = 'SKIPPED' AND time > %(after_skip)s
    GROUP BY reason_code
)
SELECT
    events.time, events.kind, events.key, coalesce(instruments.base, 'all pairs') AS base, events.side, events.price,
    events.quantity, events.net_pnl_usd, events.reason_code, events.words
FROM events
LEFT JOIN market.instruments USING (instrument_id)
ORDER BY events.time, events.place, events.key
