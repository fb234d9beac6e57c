-- Notes what was done about a difference that stands.
UPDATE hydra.account_differences
SET done = %(done)s
WHERE run_id = %(run_id)s AND kind = %(kind)s AND symbol = %(symbol)s AND subject = %(subject)s AND mended_time IS NULL
