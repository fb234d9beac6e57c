-- What a run has at its exchange: a row an open position, with the triggers of its working stop and target, and a row a
-- pair whose entry still works. %(instrument_id)s: only this pair; null: all.
SELECT
    i.base, p.side, p.quantity, p.entry_price,
    min(o.trigger_price) FILTER (WHERE o.role = 'STOP' AND o.state = 'OPEN') AS stop_price,
    min(o.trigger_price) FILTER (WHERE o.role = 'TARGET' AND o.state = 'OPEN') AS target_price
FROM hydra.positions AS p
JOIN market.instruments AS i USING (instrument_id)
LEFT JOIN hydra.orders AS o USING (position_id)
WHERE p.run_id = %(run_id)s AND p.state <> 'CLOSED'
    AND p.instrument_id = coalesce(%(instrument_id)s::smallint, p.instrument_id)
GROUP BY p.position_id, i.base, p.side, p.quantity, p.entry_price
UNION ALL
SELECT i.base, 'ENTRY', sum(o.quantity - o.filled_quantity), NULL, NULL, NULL
FROM hydra.orders AS o
JOIN market.instruments AS i USING (instrument_id)
WHERE o.run_id = %(run_id)s AND o.role = 'ENTRY' AND o.sent_time IS NOT NULL
    AND o.instrument_id = coalesce(%(instrument_id)s::smallint, o.instrument_id)
    AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
GROUP BY i.base
ORDER BY base
