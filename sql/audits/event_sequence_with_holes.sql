-- Orders and positions whose events are not numbered 1, 2, 3 ..., or go back in time. What becomes known late is booked
-- after later events: a settlement, and what happened in a candle that became known after their minute was decided.
-- Must return no rows.
WITH numbered AS (
    SELECT 'order' AS kind, o.order_id AS id, o.run_id, o.instrument_id, e.sequence, e.time, false AS is_settlement,
        row_number() OVER w AS place, first_value(e.time) OVER w AS began,
        max(e.time) OVER (w ROWS UNBOUNDED PRECEDING) AS newest
    FROM hydra.order_events AS e JOIN hydra.orders AS o USING (order_id)
    WINDOW w AS (PARTITION BY o.order_id ORDER BY e.sequence)
    UNION ALL
    SELECT 'position', p.position_id, p.run_id, p.instrument_id, e.sequence, e.time, e.kind = 'FUNDING',
        row_number() OVER w, first_value(e.time) OVER w, max(e.time) OVER (w ROWS UNBOUNDED PRECEDING)
    FROM hydra.position_events AS e JOIN hydra.positions AS p USING (position_id)
    WINDOW w AS (PARTITION BY p.position_id ORDER BY e.sequence)
)
SELECT kind, id, sequence, time
FROM numbered AS n
LEFT JOIN LATERAL (
    SELECT as_of FROM hydra.cycles AS y
    WHERE y.run_id = n.run_id AND y.time > n.newest - interval '1 minute' AND y.time <= n.newest AND y.state = 'CLOSED'
) AS decided ON true
WHERE sequence <> place OR time < began
    OR (
        time < newest AND NOT is_settlement
        AND NOT EXISTS (
            SELECT FROM market.candles_1m_versions AS c
            WHERE c.instrument_id = n.instrument_id AND c.known_at > coalesce(decided.as_of, n.newest)
                AND c.time >= n.time - interval '1 minute' AND c.time < n.time
        )
    )
ORDER BY kind, id, sequence
