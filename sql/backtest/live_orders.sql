-- The orders of a run as they ended.
SELECT
    client_order_id, instrument_id, decision_time, position_id IS NOT NULL AS has_position, role, order_type, side,
    reduce_only, quantity, limit_price, trigger_price, reference_price, state, filled_quantity, average_price,
    reason_code, placed_time, finished_time
FROM hydra.orders
WHERE run_id = %(run_id)s;
