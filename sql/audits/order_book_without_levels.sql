-- Order books with an empty side or a level that cannot be. Must return no rows.
SELECT instrument_id, time, cardinality(bid_prices) AS bids, cardinality(ask_prices) AS asks
FROM market.order_books
WHERE cardinality(bid_prices) = 0 OR cardinality(ask_prices) = 0
    OR 0 >= ANY (bid_prices) OR 0 >= ANY (ask_prices) OR 0 >= ANY (bid_quantities) OR 0 >= ANY (ask_quantities)
ORDER BY instrument_id, time
