-- Order books with an empty side or a level that cannot be, in the newest 17,280 of each instrument (a day of one every
-- 5 s). Must return no rows.
SELECT b.instrument_id, b.time, cardinality(b.bid_prices) AS bids, cardinality(b.ask_prices) AS asks
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT own.* FROM market.order_books AS own
    WHERE own.instrument_id = i.instrument_id
    ORDER BY own.time DESC
    LIMIT 17280
) AS b
WHERE cardinality(b.bid_prices) = 0 OR cardinality(b.ask_prices) = 0
    OR 0 >= ANY (b.bid_prices) OR 0 >= ANY (b.ask_prices) OR 0 >= ANY (b.bid_quantities) OR 0 >= ANY (b.ask_quantities)
ORDER BY b.instrument_id, b.time
