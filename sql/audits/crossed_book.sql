-- Order books whose best bid is not below the best ask, in the newest 17,280 of each instrument (a day of one every 5 s).
-- Must return no rows.
SELECT b.instrument_id, b.time, b.bid_prices[1] AS best_bid, b.ask_prices[1] AS best_ask
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT own.* FROM market.order_books AS own
    WHERE own.instrument_id = i.instrument_id
    ORDER BY own.time DESC
    LIMIT 17280
) AS b
WHERE b.bid_prices[1] >= b.ask_prices[1]
ORDER BY b.instrument_id, b.time
