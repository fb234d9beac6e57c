-- Notes to which position some income was booked.
UPDATE hydra.exchange_income
SET position_id = %(position_id)s
WHERE run_id = %(run_id)s AND kind = %(kind)s AND symbol = %(symbol)s AND transaction_id = ANY(%(transaction_ids)s)
