-- Which heartbeats of the feeds of forced orders and order books became known after $3 and by $4?
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive).
SELECT instrument_id, time, known_at, feed
FROM market.feed_heartbeats
WHERE instrument_id = ANY($1::smallint[])
    AND feed IN ('liquidations', 'order_book')
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
ORDER BY instrument_id, time, feed
