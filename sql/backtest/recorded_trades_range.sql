-- The first and the last recorded trade of each pair in a range; a pair without any has no row.
SELECT i.instrument_id, t.first_time, t.last_time
FROM unnest(%(instrument_ids)s::smallint[]) AS i (instrument_id)
CROSS JOIN LATERAL (
    SELECT min(time) AS first_time, max(time) AS last_time
    FROM market.trades
    WHERE instrument_id = i.instrument_id AND time >= %(start)s AND time < %(end)s
) AS t
WHERE t.first_time IS NOT NULL
ORDER BY i.instrument_id
