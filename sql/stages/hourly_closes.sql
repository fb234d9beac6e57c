-- Closes of the last hours of some instruments, for their correlation (C119). An hour counts once it has ended and
-- all of it is known.
SELECT instrument_id, time, close
FROM market.candles_1h
WHERE instrument_id = ANY (%(instrument_ids)s::smallint[])
    AND time >= %(start)s AND time + interval '1 hour' <= %(as_of)s AND known_at <= %(as_of)s
ORDER BY instrument_id, time;
