-- The base asset of each of some instruments ($1).
SELECT instrument_id, base
FROM market.instruments
WHERE instrument_id = ANY($1::smallint[])
ORDER BY instrument_id
