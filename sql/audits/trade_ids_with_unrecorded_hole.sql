-- Holes in the ids of trades that market.gaps does not list, in the newest hour of each instrument (trades are many).
-- The ids of an exchange have no holes (Bybit's are no numbers in sequence). Must return no rows.
SELECT h.instrument_id, h.time, h.previous_id, h.trade_id
FROM market.instruments AS i
CROSS JOIN LATERAL (
    SELECT
        t.instrument_id,
        t.time,
        t.trade_id,
        lag(t.trade_id) OVER (ORDER BY t.trade_id) AS previous_id,
        lag(t.time) OVER (ORDER BY t.trade_id) AS previous_time
    FROM market.trades AS t
    WHERE t.instrument_id = i.instrument_id
        AND t.time >= (
            SELECT max(n.time) FROM market.trades AS n WHERE n.instrument_id = i.instrument_id
        ) - interval '1 hour'
) AS h
WHERE i.venue NOT LIKE 'bybit%'
    AND h.trade_id > h.previous_id + 1
    AND NOT EXISTS (
        SELECT FROM market.gaps AS g
        WHERE g.source_table = 'trades' AND g.instrument_id = h.instrument_id
            AND g.gap_start <= h.time AND g.gap_end >= h.previous_time
    )
ORDER BY h.instrument_id, h.time
