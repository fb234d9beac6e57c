-- Which of some client ids are those of a run's orders.
SELECT client_order_id FROM hydra.orders
WHERE run_id = %(run_id)s AND client_order_id = ANY(%(client_order_ids)s)
