-- The newest mark price that was heard of a pair in the last minute, at an instant.
SELECT mark_price FROM market.premium_index
WHERE instrument_id = %(instrument_id)s AND time > %(time)s - interval '1 minute'
ORDER BY time DESC
LIMIT 1
