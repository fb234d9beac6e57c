-- What became of the approved decisions of a run: filled, or the reason why not; one row a reason.
SELECT
    coalesce(e.filled, false) AS filled,
    CASE WHEN coalesce(e.filled, false) THEN NULL ELSE e.reason_code END AS reason_code,
    count(*) AS decisions
FROM hydra.risk_decisions AS d
LEFT JOIN (
    SELECT
        instrument_id, decision_time, bool_or(filled_quantity > 0) AS filled,
        (array_agg(reason_code ORDER BY placed_time DESC, order_id DESC))[1] AS reason_code
    FROM hydra.orders
    WHERE run_id = %(run_id)s AND role = 'ENTRY'
    GROUP BY instrument_id, decision_time
) AS e ON e.instrument_id = d.instrument_id AND e.decision_time = d.time
WHERE d.run_id = %(run_id)s AND d.approved
GROUP BY 1, 2
ORDER BY filled DESC, decisions DESC, reason_code
