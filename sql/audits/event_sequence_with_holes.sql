-- Orders and positions whose events are not numbered 1, 2, 3 ..., or go back in time. A settlement is booked when its
-- rate becomes known, which can be after later events, but it is of the position's life. Must return no rows.
SELECT kind, id, sequence, time
FROM (
    SELECT 'order' AS kind, order_id AS id, sequence, time,
        row_number() OVER w AS place, lag(time) OVER w AS not_before
    FROM hydra.order_events WINDOW w AS (PARTITION BY order_id ORDER BY sequence)
    UNION ALL
    SELECT 'position', position_id, sequence, time, row_number() OVER w,
        CASE kind
            WHEN 'FUNDING' THEN first_value(time) OVER w
            ELSE max(time) FILTER (WHERE kind <> 'FUNDING') OVER (w ROWS UNBOUNDED PRECEDING)
        END
    FROM hydra.position_events WINDOW w AS (PARTITION BY position_id ORDER BY sequence)
) AS numbered
WHERE sequence <> place OR time < not_before
ORDER BY kind, id, sequence
