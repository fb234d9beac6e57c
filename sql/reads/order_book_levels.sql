-- What stood at the top of each order book that became known after $3 and by $4? Best prices and quantities
-- (base units), value in USDT of ten levels of each side and of all levels within 10 bps of the mid.
-- An empty side has no best price and no depth: both are null.
-- $1 instruments, $2 earliest snapshot, $3 known after (exclusive), $4 known by (inclusive).
SELECT
    book.instrument_id,
    book.time,
    book.known_at,
    book.bid_prices[1] AS best_bid,
    book.ask_prices[1] AS best_ask,
    book.bid_quantities[1] AS best_bid_quantity,
    book.ask_quantities[1] AS best_ask_quantity,
    bids.depth_10_usd AS bid_depth_10_usd,
    asks.depth_10_usd AS ask_depth_10_usd,
    bids.near_usd + asks.near_usd AS near_depth_usd
FROM market.order_books AS book
CROSS JOIN LATERAL (
    SELECT
        sum(level.price * level.quantity) FILTER (WHERE level.place <= 10) AS depth_10_usd,
        sum(level.price * level.quantity) FILTER (
            WHERE level.price >= (book.bid_prices[1] + book.ask_prices[1]) / 2 * 0.999
        ) AS near_usd
    FROM unnest(book.bid_prices, book.bid_quantities) WITH ORDINALITY AS level (price, quantity, place)
) AS bids
CROSS JOIN LATERAL (
    SELECT
        sum(level.price * level.quantity) FILTER (WHERE level.place <= 10) AS depth_10_usd,
        sum(level.price * level.quantity) FILTER (
            WHERE level.price <= (book.bid_prices[1] + book.ask_prices[1]) / 2 * 1.001
        ) AS near_usd
    FROM unnest(book.ask_prices, book.ask_quantities) WITH ORDINALITY AS level (price, quantity, place)
) AS asks
WHERE book.instrument_id = ANY($1::smallint[])
    AND book.time >= $2::timestamptz AND book.time <= $4::timestamptz
    AND book.known_at > $3::timestamptz AND book.known_at <= $4::timestamptz
ORDER BY book.instrument_id, book.time
