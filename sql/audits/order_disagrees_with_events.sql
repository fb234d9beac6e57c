-- Orders whose state is not that of their last event. Must return no rows.
SELECT o.run_id, o.order_id, o.state, e.state AS last_event_state
FROM hydra.orders AS o
JOIN (
    SELECT DISTINCT ON (order_id) order_id, state FROM hydra.order_events ORDER BY order_id, sequence DESC
) AS e USING (order_id)
WHERE o.state <> e.state
ORDER BY o.run_id, o.order_id
