-- The orders sent by the decision of a minute, how they ended, and what their fills rest on.
SELECT
    o.role, o.order_type, o.side, o.quantity, o.limit_price, o.trigger_price, o.reference_price, o.state,
    o.filled_quantity, o.average_price, o.queue_ahead, o.reason_code, o.placed_time, o.finished_time, o.client_order_id,
    coalesce(
        (SELECT array_agg(DISTINCT f.evidence ORDER BY f.evidence) FROM hydra.fills AS f WHERE f.order_id = o.order_id),
        '{}'
    ) AS evidence
FROM hydra.orders AS o
WHERE o.run_id = %(run_id)s AND o.instrument_id = %(instrument_id)s AND o.decision_time = %(time)s
ORDER BY o.placed_time, o.order_id
