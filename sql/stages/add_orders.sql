-- Stores new orders and gives their keys.
INSERT INTO hydra.orders (
    run_id, instrument_id, client_order_id, decision_time, position_id, role, order_type, side, reduce_only,
    quantity, limit_price, trigger_price, reference_price, state, filled_quantity, average_price, reason_code,
    placed_time, finished_time
)
SELECT
    run_id, instrument_id, client_order_id, decision_time, position_id, role, order_type, side, reduce_only,
    quantity, limit_price, trigger_price, reference_price, state, filled_quantity, average_price, reason_code,
    placed_time, finished_time
FROM jsonb_populate_recordset(NULL::hydra.orders, %(rows)s::jsonb)
RETURNING client_order_id, order_id;
