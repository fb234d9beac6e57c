-- Every column of a table of order events or fills, with the order's client id and pair.
SELECT rows.*, orders.client_order_id, orders.instrument_id
FROM {table} AS rows
JOIN hydra.orders AS orders USING (order_id)
WHERE orders.run_id = %(run_id)s;
