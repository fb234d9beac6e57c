-- Which gaps of the feed of forced orders, that nobody has filled, ended after $3 and by $4? At its end a gap is known.
-- $1 instruments, $2 earliest end, $3 ended after (exclusive), $4 ended by (inclusive).
SELECT
    instrument_id,
    gap_end AS time,
    gap_end AS known_at,
    extract(EPOCH FROM gap_end - gap_start)::float8 AS missing_seconds
FROM market.gaps
WHERE source_table = 'liquidations' AND filled_at IS NULL
    AND instrument_id = ANY($1::smallint[])
    AND gap_end >= $2::timestamptz AND gap_end > $3::timestamptz AND gap_end <= $4::timestamptz
ORDER BY instrument_id, time, missing_seconds
