-- Predicted funding beyond the cap or floor that the exchange says of the instrument, in the newest day of each.
-- Must return no rows.
SELECT p.instrument_id, p.time, p.predicted_rate, f.funding_rate_floor, f.funding_rate_cap
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT own.instrument_id, own.time, own.predicted_rate
    FROM market.premium_index AS own
    WHERE own.instrument_id = i.instrument_id
        AND own.time >= (
            SELECT max(n.time) FROM market.premium_index AS n WHERE n.instrument_id = i.instrument_id
        ) - interval '1 day'
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
