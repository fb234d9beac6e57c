-- The order books of a pair from shortly before a minute to its end, known by an instant.
SELECT time, bid_prices, bid_quantities, ask_prices, ask_quantities
FROM market.order_books
WHERE instrument_id = %(instrument_id)s AND time >= %(first_book)s AND time <= %(end)s AND known_at <= %(as_of)s
ORDER BY time
