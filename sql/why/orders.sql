-- The orders sent by the decision of a minute, and how they ended.
SELECT
    role, order_type, side, quantity, limit_price, trigger_price, reference_price, state, filled_quantity,
    average_price, reason_code, placed_time, finished_time, client_order_id
FROM hydra.orders
WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND decision_time = %(time)s
ORDER BY placed_time, order_id
