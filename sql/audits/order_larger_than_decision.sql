-- Decisions whose entries ordered or bought more than layer 4 allowed, at the price that it measured from (C48).
-- Must return no rows.
SELECT d.run_id, d.instrument_id, d.time, d.recommended_size_usd, e.ordered_usd, e.filled_usd
FROM hydra.risk_decisions AS d
JOIN (
    SELECT
        o.run_id, o.instrument_id, o.decision_time,
        max(o.quantity * coalesce(r.reference_price, o.reference_price)) AS ordered_usd,
        sum(o.filled_quantity * coalesce(r.reference_price, o.reference_price)) AS filled_usd
    FROM hydra.orders AS o
    JOIN hydra.risk_decisions AS r
        ON r.run_id = o.run_id AND r.instrument_id = o.instrument_id AND r.time = o.decision_time
    WHERE o.role = 'ENTRY'
    GROUP BY o.run_id, o.instrument_id, o.decision_time
) AS e ON e.run_id = d.run_id AND e.instrument_id = d.instrument_id AND e.decision_time = d.time
WHERE greatest(e.ordered_usd, e.filled_usd) > coalesce(d.recommended_size_usd, 0) * 1.000000001
ORDER BY d.run_id, d.instrument_id, d.time
