-- Positions whose quantity is not what their fills bought less what they sold. Must return no rows.
SELECT p.run_id, p.position_id, p.state, p.quantity, p.peak_quantity, coalesce(f.entered, 0) AS entered,
    coalesce(f.left_with, 0) AS left_with
FROM hydra.positions AS p
LEFT JOIN (
    SELECT
        o.position_id,
        sum(x.quantity) FILTER (WHERE o.role = 'ENTRY') AS entered,
        sum(CASE WHEN o.role = 'ENTRY' THEN x.quantity ELSE -x.quantity END) AS left_with
    FROM hydra.fills AS x JOIN hydra.orders AS o USING (order_id)
    GROUP BY o.position_id
) AS f USING (position_id)
WHERE p.quantity <> coalesce(f.left_with, 0) OR p.peak_quantity > coalesce(f.entered, 0)
ORDER BY p.run_id, p.position_id
