-- The pairs of a run in which an entry works. is_sent: the exchange may have it; is_held: a position is open.
SELECT
    o.instrument_id,
    bool_or(o.sent_time IS NOT NULL) AS is_sent,
    EXISTS (
        SELECT FROM hydra.positions AS p
        WHERE p.run_id = %(run_id)s AND p.instrument_id = o.instrument_id AND p.state <> 'CLOSED'
    ) AS is_held
FROM hydra.orders AS o
WHERE o.run_id = %(run_id)s AND o.role = 'ENTRY' AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
GROUP BY o.instrument_id
