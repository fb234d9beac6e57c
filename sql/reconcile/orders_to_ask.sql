-- The orders of a run that can still be filled and that the lists of open orders do not show, to be asked for by their ids.
-- Those without an answer too, however new: a trade whose order is not known would count as somebody else's.
SELECT i.exchange_symbol AS symbol, o.client_order_id, o.order_type IN ('STOP_MARKET', 'TAKE_PROFIT_MARKET') AS is_conditional
FROM hydra.orders AS o
JOIN market.instruments AS i USING (instrument_id)
WHERE o.run_id = %(run_id)s AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
    AND NOT o.client_order_id = ANY(%(open_ids)s::text[])
    AND (o.state <> 'PLANNED' OR o.sent_time IS NOT NULL)
ORDER BY o.order_id
