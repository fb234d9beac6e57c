-- Stores fills.
INSERT INTO hydra.fills (order_id, trade_id, time, price, quantity, fee_usd, is_maker)
SELECT order_id, trade_id, time, price, quantity, fee_usd, is_maker
FROM jsonb_populate_recordset(NULL::hydra.fills, %(rows)s::jsonb);
