-- Some orders of a run, whatever their state, with the terms of the risk decision behind them; locked until the
-- transaction ends. The side is that of the position: the decision that an adopted one counts to may have none.
SELECT
    o.order_id, o.position_id, o.instrument_id, o.client_order_id, o.decision_time, o.role, o.order_type,
    o.side = 'BUY' AS is_buy, o.quantity, o.reference_price, o.placed_time, o.limit_price, o.trigger_price, o.state,
    o.closes_position, o.filled_quantity,
    o.average_price, o.reason_code, o.finished_time, o.queue_ahead, o.sent_time,
    o.cancel_wanted_time, o.exchange_order_id, o.child_order_id,
    (SELECT coalesce(max(e.sequence), 0) FROM hydra.order_events AS e WHERE e.order_id = o.order_id) AS last_sequence,
    (SELECT max(e.time) FROM hydra.order_events AS e WHERE e.order_id = o.order_id) AS last_event_time,
    CASE WHEN (o.side = 'BUY') = (o.role = 'ENTRY') THEN 'LONG' ELSE 'SHORT' END AS decision_side,
    d.recommended_leverage, d.stop_loss_price, d.take_profit_price, d.max_holding_hours
FROM hydra.orders AS o
JOIN hydra.risk_decisions AS d
    ON d.run_id = o.run_id AND d.instrument_id = o.instrument_id AND d.time = o.decision_time
WHERE o.run_id = %(run_id)s AND o.client_order_id = ANY(%(client_order_ids)s)
ORDER BY o.order_id
FOR UPDATE OF o
