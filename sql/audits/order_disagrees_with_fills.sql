-- Orders whose filled quantity is not the sum of their fills, or whose state says otherwise. Must return no rows.
SELECT o.run_id, o.order_id, o.state, o.quantity, o.filled_quantity, coalesce(f.quantity, 0) AS fills_quantity
FROM hydra.orders AS o
LEFT JOIN (SELECT order_id, sum(quantity) AS quantity FROM hydra.fills GROUP BY order_id) AS f USING (order_id)
WHERE o.filled_quantity <> coalesce(f.quantity, 0)
    OR (o.state = 'FILLED') <> (o.filled_quantity = o.quantity)
ORDER BY o.run_id, o.order_id
