-- The trades of a pair in a minute, known by an instant.
SELECT time, price, quantity, buyer_is_maker
FROM market.trades
WHERE instrument_id = %(instrument_id)s AND time >= %(start)s AND time < %(end)s AND known_at <= %(as_of)s
ORDER BY time, trade_id
