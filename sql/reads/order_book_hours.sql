-- What is the last order book of each clock hour, of those known by $4, where it became known after $3? Under the end of
-- the hour; value in USDT of all levels within 10 bps of the mid. The hour still open at $4 is left out.
-- Hour by hour, as an index finds the last book of an hour: a month of books is 535,680 a pair.
-- $1 instruments, $2 earliest end of an hour, $3 known after (exclusive), $4 known by (inclusive).
SELECT
    pair.instrument_id,
    hour.hour_end AS time,
    greatest(newest.known_at, hour.hour_end) AS known_at,
    newest.bid_prices[1] AS best_bid,
    newest.ask_prices[1] AS best_ask,
    depth.near_depth_usd
FROM unnest($1::smallint[]) AS pair (instrument_id)
CROSS JOIN generate_series(
    date_trunc('hour', $2::timestamptz + interval '1 hour' - interval '1 microsecond', 'UTC'),
    $4::timestamptz, interval '1 hour'
) AS hour (hour_end)
CROSS JOIN LATERAL (
    SELECT own.known_at, own.bid_prices, own.bid_quantities, own.ask_prices, own.ask_quantities
    FROM market.order_books AS own
    WHERE own.instrument_id = pair.instrument_id
        AND own.time >= hour.hour_end - interval '1 hour' AND own.time < hour.hour_end
        AND own.known_at <= $4::timestamptz
    ORDER BY own.time DESC
    LIMIT 1
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
WHERE newest.known_at > $3::timestamptz
ORDER BY pair.instrument_id, hour.hour_end
