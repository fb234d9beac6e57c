-- Which heartbeats of the feeds of forced orders and order books became known after $3 and by $4? And when did this
-- machine's clock agree with the exchange's within a second (feed clock)?
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive).
SELECT instrument_id, time, known_at, feed
FROM market.feed_heartbeats
WHERE instrument_id = ANY($1::smallint[])
    AND feed IN ('liquidations', 'order_book')
    AND time >= $2::timestamptz AND time <= $4::timestamptz
    AND known_at > $3::timestamptz AND known_at <= $4::timestamptz
UNION ALL
SELECT instruments.instrument_id, clocks.time, clocks.time, 'clock'
FROM market.clock_offsets AS clocks
JOIN market.instruments USING (venue)
WHERE instruments.instrument_id = ANY($1::smallint[])
    AND abs(clocks.offset_ms) <= 1000
    AND clocks.time >= $2::timestamptz AND clocks.time <= $4::timestamptz
    AND clocks.time > $3::timestamptz
ORDER BY instrument_id, time, feed
