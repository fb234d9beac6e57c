-- Orders and positions whose events are not numbered 1, 2, 3 ..., or go back in time. Must return no rows.
SELECT kind, id, sequence, time
FROM (
    SELECT 'order' AS kind, order_id AS id, sequence, time,
        row_number() OVER w AS place, lag(time) OVER w AS time_before
    FROM hydra.order_events WINDOW w AS (PARTITION BY order_id ORDER BY sequence)
    UNION ALL
    SELECT 'position', position_id, sequence, time, row_number() OVER w, lag(time) OVER w
    FROM hydra.position_events WINDOW w AS (PARTITION BY position_id ORDER BY sequence)
) AS numbered
WHERE sequence <> place OR time < time_before
ORDER BY kind, id, sequence
