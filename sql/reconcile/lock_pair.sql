-- Nobody else changes the working orders and the open position of a pair until the transaction ends.
WITH orders AS (
    SELECT order_id FROM hydra.orders
    WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s
        AND state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
    ORDER BY order_id
    FOR UPDATE
), positions AS (
    SELECT position_id FROM hydra.positions
    WHERE run_id = %(run_id)s AND instrument_id = %(instrument_id)s AND state <> 'CLOSED'
    FOR UPDATE
)
SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM positions)
