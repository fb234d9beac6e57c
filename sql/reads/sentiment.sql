-- Which values of the Fear & Greed index became known after $3 and by $4? It is one for the whole market;
-- each instrument gets its own row, as every fact has. A simulated exchange tells one of its own (C124).
-- $1 instruments, $2 earliest time, $3 known after (exclusive), $4 known by (inclusive).
SELECT pair.instrument_id, reading.time, reading.known_at, reading.value
FROM unnest($1::smallint[]) AS pair (instrument_id)
LEFT JOIN market.instruments AS instrument USING (instrument_id)
JOIN market.sentiment AS reading
    ON reading.source
    = CASE WHEN instrument.venue LIKE 'simulated-exchange-%' THEN instrument.venue || ' ' ELSE '' END || 'fear_and_greed'
WHERE reading.time >= $2::timestamptz AND reading.time <= $4::timestamptz
    AND reading.known_at > $3::timestamptz AND reading.known_at <= $4::timestamptz
ORDER BY pair.instrument_id, reading.time
