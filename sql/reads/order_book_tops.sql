-- What lay in the top 20 levels of each order book that became known after $3 and by $4? Depth in USDT.
-- An empty side has no best price and no depth: both are null.
-- $1 instruments, $2 earliest snapshot, $3 known after (exclusive), $4 known by (inclusive).
SELECT
    book.instrument_id,
    book.time,
    book.known_at,
    book.bid_prices[1] AS best_bid,
    book.ask_prices[1] AS best_ask,
    bids.depth_usd AS bid_depth_usd,
    asks.depth_usd AS ask_depth_usd
FROM market.order_books AS book
CROSS JOIN LATERAL (
    SELECT sum(level.price * level.quantity) AS depth_usd
    FROM unnest(book.bid_prices[1:20], book.bid_quantities[1:20]) AS level (price, quantity)
) AS bids
CROSS JOIN LATERAL (
    SELECT sum(level.price * level.quantity) AS depth_usd
    FROM unnest(book.ask_prices[1:20], book.ask_quantities[1:20]) AS level (price, quantity)
) AS asks
WHERE book.instrument_id = ANY($1::smallint[])
    AND book.time >= $2::timestamptz AND book.time <= $4::timestamptz
    AND book.known_at > $3::timestamptz AND book.known_at <= $4::timestamptz
ORDER BY book.instrument_id, book.time
