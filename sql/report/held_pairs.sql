-- Every pair that a run decided about: the last closes before its first and its last decided minute, and the
-- settlements in between. marks: as they came with the rates, else the close of the candle that ended then (C126).
WITH span AS (
    SELECT min(time) AS first_minute, max(time) AS last_minute
    FROM hydra.cycles
    WHERE run_id = %(run_id)s AND state = 'CLOSED'
)
SELECT
    i.base,
    (
        SELECT c.close FROM market.candles_1m AS c
        WHERE c.instrument_id = i.instrument_id
            AND c.time >= s.first_minute - interval '1 day' AND c.time < s.first_minute
        ORDER BY c.time DESC
        LIMIT 1
    )::double precision AS first_price,
    (
        SELECT c.close FROM market.candles_1m AS c
        WHERE c.instrument_id = i.instrument_id
            AND c.time >= s.first_minute AND c.time < s.last_minute
        ORDER BY c.time DESC
        LIMIT 1
    )::double precision AS last_price,
    coalesce(f.marks, '{}') AS marks,
    coalesce(f.rates, '{}') AS rates,
    coalesce(f.seconds, '{}') AS settled_seconds
FROM market.instruments AS i
CROSS JOIN span AS s
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
    WHERE r.instrument_id = i.instrument_id AND r.time > s.first_minute AND r.time <= s.last_minute
) AS f
WHERE i.instrument_id IN (
    SELECT pair::smallint
    FROM hydra.runs AS r, jsonb_array_elements_text(r.config->'instrument_ids') AS pair
    WHERE r.run_id = %(run_id)s
)
ORDER BY i.instrument_id
