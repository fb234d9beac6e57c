-- The orders of a run that can still be filled; an entry with the terms of the risk decision behind it.
SELECT
    o.order_id, o.position_id, o.instrument_id, o.client_order_id, o.decision_time, o.role, o.order_type,
    o.side = 'BUY' AS is_buy, o.quantity, o.reference_price, o.placed_time, o.limit_price, o.trigger_price, o.state,
    o.closes_position, o.filled_quantity,
    o.average_price, o.reason_code, o.finished_time, o.queue_ahead, o.sent_time,
    o.cancel_wanted_time, o.exchange_order_id, o.child_order_id,
    (SELECT max(e.sequence) FROM hydra.order_events AS e WHERE e.order_id = o.order_id) AS last_sequence,
    (SELECT max(e.time) FROM hydra.order_events AS e WHERE e.order_id = o.order_id) AS last_event_time,
    d.side AS decision_side, d.recommended_leverage, d.stop_loss_price, d.take_profit_price, d.max_holding_hours
FROM hydra.orders AS o
JOIN hydra.risk_decisions AS d
    ON d.run_id = o.run_id AND d.instrument_id = o.instrument_id AND d.time = o.decision_time
WHERE o.run_id = %(run_id)s AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
ORDER BY o.order_id;
