-- What had happened to a position by a minute; its newest check last.
SELECT sequence, time, kind, amount_usd, reason_code, numbers
FROM hydra.position_events
WHERE position_id = %(position_id)s AND time <= %(time)s
ORDER BY sequence
