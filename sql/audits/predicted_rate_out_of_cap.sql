-- Predicted funding beyond the cap or floor that the exchange says of the instrument, in the newest day of each.
-- Must return no rows.
SELECT p.instrument_id, p.time, p.predicted_rate, f.funding_rate_floor, f.funding_rate_cap
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT own.time FROM market.premium_index AS own
    WHERE own.instrument_id = i.instrument_id
    ORDER BY own.time DESC
    LIMIT 1
) AS newest
-- OFFSET 0: instrument by instrument through the index; joined, all rows would be read.
CROSS JOIN LATERAL (
    SELECT own.instrument_id, own.time, own.predicted_rate
    FROM market.premium_index AS own
    WHERE own.instrument_id = i.instrument_id AND own.time >= newest.time - interval '1 day'
    OFFSET 0
) AS p
CROSS JOIN LATERAL (
    SELECT own.funding_rate_cap, own.funding_rate_floor
    FROM market.instrument_filters AS own
    WHERE own.instrument_id = p.instrument_id AND own.valid_from <= p.time
    ORDER BY own.valid_from DESC
    LIMIT 1
) AS f
WHERE p.predicted_rate > f.funding_rate_cap OR p.predicted_rate < f.funding_rate_floor
ORDER BY p.instrument_id, p.time
