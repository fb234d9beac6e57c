-- Holes in the one-minute candles that market.gaps does not list. Must return no rows.
SELECT h.instrument_id, h.gap_start, h.gap_end
FROM (
    SELECT
        instrument_id,
        lag(time) OVER (PARTITION BY instrument_id ORDER BY time) + interval '1 minute' AS gap_start,
        time AS gap_end
    FROM market.candles_1m
) AS h
WHERE h.gap_start < h.gap_end
    AND NOT EXISTS (
        SELECT FROM market.gaps AS g
        WHERE g.source_table = 'candles_1m' AND g.instrument_id = h.instrument_id
            AND g.gap_start <= h.gap_start AND g.gap_end >= h.gap_end
    )
ORDER BY h.instrument_id, h.gap_start
