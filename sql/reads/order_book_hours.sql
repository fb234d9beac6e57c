-- What was the last order book of each clock hour, among those known after $3 and by $4? Under the end of
-- the hour; value in USDT of all levels within 10 bps of the mid. The hour still open at $4 is left out.
-- $1 instruments, $2 earliest end of an hour, $3 known after (exclusive), $4 known by (inclusive).
SELECT
    newest.instrument_id,
    newest.hour_end AS time,
    greatest(newest.known_at, newest.hour_end) AS known_at,
    newest.bid_prices[1] AS best_bid,
    newest.ask_prices[1] AS best_ask,
    depth.near_depth_usd
FROM (
    SELECT DISTINCT ON (instrument_id, time_bucket(interval '1 hour', time))
        instrument_id,
        time_bucket(interval '1 hour', time) + interval '1 hour' AS hour_end,
        known_at,
        bid_prices,
        bid_quantities,
        ask_prices,
        ask_quantities
    FROM market.order_books
    WHERE instrument_id = ANY($1::smallint[])
        AND time >= $2::timestamptz - interval '1 hour' AND time <= $4::timestamptz
        AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
    ORDER BY instrument_id, time_bucket(interval '1 hour', time), time DESC
) AS newest
CROSS JOIN LATERAL (
    SELECT sum(level.price * level.quantity) FILTER (
        WHERE abs(level.price / ((newest.bid_prices[1] + newest.ask_prices[1]) / 2) - 1) <= 0.001
    ) AS near_depth_usd
    FROM (
        SELECT bid.price, bid.quantity FROM unnest(newest.bid_prices, newest.bid_quantities) AS bid (price, quantity)
        UNION ALL
        SELECT ask.price, ask.quantity FROM unnest(newest.ask_prices, newest.ask_quantities) AS ask (price, quantity)
    ) AS level
) AS depth
WHERE newest.hour_end <= $4::timestamptz
ORDER BY newest.instrument_id, newest.hour_end
