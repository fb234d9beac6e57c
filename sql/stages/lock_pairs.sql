-- Nobody else changes the working orders and the positions of a run (or of one pair) until the transaction ends. A
-- holder that hangs is given up, because a stop may wait for it.
WITH limits AS (
    SELECT
        set_config('statement_timeout', '2s', true) AS of_statement,
        set_config('idle_in_transaction_session_timeout', '2s', true) AS of_session
), orders AS (
    SELECT order_id FROM hydra.orders
    WHERE run_id = %(run_id)s AND instrument_id = coalesce(%(instrument_id)s::smallint, instrument_id)
        AND state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
    ORDER BY order_id
    FOR UPDATE
), positions AS (
    SELECT position_id FROM hydra.positions
    WHERE run_id = %(run_id)s AND instrument_id = coalesce(%(instrument_id)s::smallint, instrument_id)
        AND state <> 'CLOSED'
    ORDER BY position_id
    FOR UPDATE
)
SELECT (SELECT of_session FROM limits), (SELECT count(*) FROM orders), (SELECT count(*) FROM positions);
