-- Order books whose best bid is not below the best ask. Must return no rows.
SELECT instrument_id, time, bid_prices[1] AS best_bid, ask_prices[1] AS best_ask
FROM market.order_books
WHERE bid_prices[1] >= ask_prices[1]
ORDER BY instrument_id, time
