-- Closes of the last hours of some instruments, for their correlation (C119). An hour counts once it has ended and
-- all of it is known. Of an hour with a minute that a repair replaced later, the close as it was known before.
SELECT instrument_id, time, close
FROM market.candles_1h
WHERE instrument_id = ANY (%(instrument_ids)s::smallint[])
    AND time >= %(start)s AND time + interval '1 hour' <= %(as_of)s AND known_at <= %(as_of)s
UNION ALL
SELECT hours.instrument_id, hours.time, minute.close
FROM (
    SELECT DISTINCT instrument_id, date_bin('1 hour', time, timestamptz '2000-01-01Z') AS time
    FROM market.candles_1m_versions
    WHERE instrument_id = ANY (%(instrument_ids)s::smallint[])
        AND time >= %(start)s AND time <= %(as_of)s
        AND known_at <= %(as_of)s AND replaced_at > %(as_of)s AND replaced_at < 'infinity'
) AS hours
JOIN LATERAL (
    SELECT close
    FROM market.candles_1m_versions AS candles
    WHERE candles.instrument_id = hours.instrument_id
        AND candles.time >= hours.time AND candles.time < hours.time + interval '1 hour'
        AND known_at <= %(as_of)s AND replaced_at > %(as_of)s
    ORDER BY candles.time DESC
    LIMIT 1
) AS minute ON true
WHERE hours.time + interval '1 hour' <= %(as_of)s
ORDER BY instrument_id, time;
