-- Every pair of a run: a price at the beginning and at the end of its decided minutes, and the settlements in between.
-- A pair whose candles begin later or end earlier is held only while it has them.
-- marks: as they came with the rates, else the close of the candle that ended then (C126).
WITH span AS (
    SELECT min(time) AS first_minute, max(time) AS last_minute
    FROM hydra.cycles
    WHERE run_id = %(run_id)s AND state = 'CLOSED'
)
SELECT
    i.base,
    a.close AS first_price,
    z.close AS last_price,
    coalesce(f.marks, '{}') AS marks,
    coalesce(f.rates, '{}') AS rates,
    coalesce(f.seconds, '{}') AS settled_seconds
FROM market.instruments AS i
CROSS JOIN span AS s
LEFT JOIN LATERAL (
    -- The last close before the first minute, or the first one after it; held from its close on.
    SELECT c.close::double precision AS close, greatest(c.time + interval '1 minute', s.first_minute) AS held_from
    FROM (
        (
            SELECT c.time, c.close FROM market.candles_1m AS c
            WHERE c.instrument_id = i.instrument_id
                AND c.time >= s.first_minute - interval '1 day' AND c.time < s.first_minute
            ORDER BY c.time DESC
            LIMIT 1
        )
        UNION ALL
        (
            SELECT c.time, c.close FROM market.candles_1m AS c
            WHERE c.instrument_id = i.instrument_id AND c.time >= s.first_minute AND c.time < s.last_minute
            ORDER BY c.time
            LIMIT 1
        )
    ) AS c
    ORDER BY c.time
    LIMIT 1
) AS a ON true
LEFT JOIN LATERAL (
    SELECT c.close::double precision AS close, c.time + interval '1 minute' AS held_until
    FROM market.candles_1m AS c
    WHERE c.instrument_id = i.instrument_id
        AND c.time >= a.held_from AND c.time < s.last_minute
    ORDER BY c.time DESC
    LIMIT 1
) AS z ON true
CROSS JOIN LATERAL (
    SELECT
        array_agg(m.mark ORDER BY r.time) FILTER (WHERE m.mark IS NOT NULL) AS marks,
        array_agg(r.rate::double precision ORDER BY r.time) FILTER (WHERE m.mark IS NOT NULL) AS rates,
        array_agg(extract(epoch FROM r.time)::double precision ORDER BY r.time)
            FILTER (WHERE m.mark IS NOT NULL) AS seconds
    FROM market.funding_rates AS r
    CROSS JOIN LATERAL (
        SELECT coalesce(r.mark_price, (
            SELECT c.close FROM market.candles_1m AS c
            WHERE c.instrument_id = r.instrument_id
                AND c.time >= r.time - interval '1 hour' AND c.time < r.time
            ORDER BY c.time DESC
            LIMIT 1
        ))::double precision AS mark
    ) AS m
    WHERE r.instrument_id = i.instrument_id AND r.time > a.held_from AND r.time <= z.held_until
) AS f
WHERE i.instrument_id IN (
    SELECT pair::smallint
    FROM hydra.runs AS r, jsonb_array_elements_text(r.config->'instrument_ids') AS pair
    WHERE r.run_id = %(run_id)s
)
ORDER BY i.instrument_id
