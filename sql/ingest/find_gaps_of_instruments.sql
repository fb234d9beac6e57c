-- Records every gap in the one-minute candles of instruments that were stored as a whole.
INSERT INTO market.gaps (source_table, instrument_id, gap_start, gap_end, missing_rows)
SELECT
    'candles_1m',
    instrument_id,
    time + interval '1 minute',
    next_time,
    round(extract(epoch FROM next_time - time) / 60)::bigint - 1
FROM (
    SELECT instrument_id, time, lead(time) OVER (PARTITION BY instrument_id ORDER BY time) AS next_time
    FROM market.candles_1m
    WHERE instrument_id = ANY (%(instrument_ids)s)
) AS steps
WHERE next_time > time + interval '1 minute'
