-- The stored markets: recorded ones by venue, generated ones by their own venue; and the runs decided on each.
WITH stored AS (
    SELECT venue, array_agg(instrument_id) AS instrument_ids, array_agg(base ORDER BY instrument_id) AS pairs
    FROM market.instruments
    GROUP BY venue
)
SELECT
    venue,
    pairs,
    instrument_ids,
    (SELECT min(time) FROM market.candles_1m WHERE instrument_id = ANY(instrument_ids)) AS first_time,
    (SELECT max(time) FROM market.candles_1m WHERE instrument_id = ANY(instrument_ids)) AS last_time,
    ARRAY(
        SELECT run_id
        FROM hydra.runs
        WHERE EXISTS (
            SELECT FROM jsonb_array_elements_text(config -> 'instrument_ids') AS pair
            WHERE pair::smallint = ANY(instrument_ids)
        )
        ORDER BY run_id
    ) AS run_ids
FROM stored
ORDER BY venue
