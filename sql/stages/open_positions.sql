-- The positions of a run that are still exposed, or whose entry can still fill.
SELECT
    p.position_id, p.instrument_id, p.decision_time, p.side, p.state, p.opened_time, p.quantity, p.peak_quantity,
    p.entry_price, p.cost_basis_usd, p.exit_price, p.leverage, p.stop_price, p.target_price,
    coalesce(p.liquidation_price, 0) AS liquidation_price, p.max_holding_until, p.gross_pnl_usd, p.fees_usd,
    p.funding_usd, p.mark_source,
    (SELECT max(e.sequence) FROM hydra.position_events AS e WHERE e.position_id = p.position_id) AS last_sequence,
    (
        SELECT max(e.time) FROM hydra.position_events AS e WHERE e.position_id = p.position_id AND e.kind <> 'FUNDING'
    ) AS last_event_time,
    sent.stops AS stops_sent, sent.exits AS exits_sent
FROM hydra.positions AS p
-- Of the decision, not of the position: their number makes the next client order id, and two positions may come from
-- one decision (one that is adopted, or opened by a fill that was told late).
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.role = 'STOP') AS stops, count(*) FILTER (WHERE o.role = 'EXIT') AS exits
    FROM hydra.orders AS o
    WHERE o.run_id = p.run_id AND o.instrument_id = p.instrument_id AND o.decision_time = p.decision_time
        AND o.placed_time >= p.decision_time - interval '1 day'
) AS sent
WHERE p.position_id IN (
    SELECT held.position_id FROM hydra.positions AS held WHERE held.run_id = %(run_id)s AND held.state <> 'CLOSED'
    UNION
    SELECT o.position_id FROM hydra.orders AS o
    WHERE o.run_id = %(run_id)s AND o.role = 'ENTRY' AND o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
)
ORDER BY p.instrument_id;
