-- Which values of the Fear & Greed index became known after $3 and by $4? It is one for the whole market;
-- each instrument gets its own row, as every fact has.
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive).
SELECT pair.instrument_id, reading.time, reading.known_at, reading.value
FROM market.sentiment AS reading
CROSS JOIN unnest($1::smallint[]) AS pair (instrument_id)
WHERE reading.source = 'fear_and_greed'
    AND reading.time >= $2::timestamptz AND reading.time <= $4::timestamptz
    AND reading.known_at > $3::timestamptz AND reading.known_at <= $4::timestamptz
ORDER BY pair.instrument_id, reading.time
