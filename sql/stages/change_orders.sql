-- Brings stored orders up to date.
UPDATE hydra.orders AS o
SET
    position_id = n.position_id,
    state = n.state,
    filled_quantity = n.filled_quantity,
    average_price = n.average_price,
    reason_code = n.reason_code,
    finished_time = n.finished_time
FROM jsonb_populate_recordset(NULL::hydra.orders, %(rows)s::jsonb) AS n
WHERE o.order_id = n.order_id;
