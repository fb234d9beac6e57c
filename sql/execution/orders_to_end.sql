-- The orders for whose ends a run waits that is being stopped: entries, exits, and what stands in pairs in which nothing
-- is held.
SELECT o.order_id
FROM hydra.orders AS o
WHERE o.run_id = %(run_id)s AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN') AND (
    o.role IN ('ENTRY', 'EXIT') OR NOT EXISTS (
        SELECT FROM hydra.positions AS p
        WHERE p.run_id = %(run_id)s AND p.instrument_id = o.instrument_id AND p.state <> 'CLOSED'
    )
)
