-- The ids of the trades of a pair that a run has booked, among those named.
SELECT f.trade_id
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
WHERE o.run_id = %(run_id)s AND o.instrument_id = %(instrument_id)s AND f.trade_id = ANY(%(trade_ids)s)
