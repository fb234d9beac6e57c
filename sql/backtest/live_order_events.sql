-- What happened to the orders of a run.
SELECT o.client_order_id, e.sequence, e.time, e.state, e.reason_code, e.detail
FROM hydra.order_events AS e
JOIN hydra.orders AS o USING (order_id)
WHERE o.run_id = %(run_id)s;
