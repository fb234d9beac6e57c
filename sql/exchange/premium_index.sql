-- Index price and predicted rate as told first in every minute that begins in ($2, $3], of the instruments $1.
SELECT DISTINCT ON (instrument_id, date_trunc('minute', time))
    instrument_id,
    date_trunc('minute', time) AS time,
    index_price,
    predicted_rate
FROM market.premium_index
WHERE
    instrument_id = ANY($1::smallint[])
    AND time > $2::timestamptz
    AND time < $3::timestamptz + interval '1 minute'
    AND date_trunc('minute', time) > $2::timestamptz
ORDER BY instrument_id, date_trunc('minute', time), market.premium_index.time
