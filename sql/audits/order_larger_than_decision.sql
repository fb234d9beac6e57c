-- Decisions whose entries ordered or bought more than layer 4 allowed, at the price that the first of them was sent
-- with (C48): one that is quoted anew keeps its quantity. Runs of the first cost model measured from the reference
-- price. What an operator had taken over is left out. Must return no rows.
SELECT d.run_id, d.instrument_id, d.time, d.recommended_size_usd, e.ordered_usd, e.filled_usd
FROM hydra.risk_decisions AS d
JOIN (
    SELECT
        o.run_id, o.instrument_id, o.decision_time,
        max(o.quantity * p.price) AS ordered_usd,
        sum(o.filled_quantity * p.price) AS filled_usd
    FROM hydra.orders AS o
    JOIN hydra.runs AS r USING (run_id)
    LEFT JOIN hydra.risk_decisions AS before
        ON before.run_id = o.run_id AND before.instrument_id = o.instrument_id AND before.time = o.decision_time
            AND r.cost_model_version = '1'
    CROSS JOIN LATERAL (
        SELECT coalesce(before.reference_price, first.limit_price, first.reference_price) AS price
        FROM hydra.orders AS first
        WHERE first.run_id = o.run_id AND first.instrument_id = o.instrument_id
            AND first.decision_time = o.decision_time AND first.role = 'ENTRY'
        ORDER BY first.order_id
        LIMIT 1
    ) AS p
    WHERE o.role = 'ENTRY' AND o.client_order_id NOT LIKE 'adopted-%'
    GROUP BY o.run_id, o.instrument_id, o.decision_time
) AS e ON e.run_id = d.run_id AND e.instrument_id = d.instrument_id AND e.decision_time = d.time
WHERE greatest(e.ordered_usd, e.filled_usd) > coalesce(d.recommended_size_usd, 0) * 1.000000001
ORDER BY d.run_id, d.instrument_id, d.time
