-- What is held now, as it was last checked.

CREATE OR REPLACE VIEW audit.open_positions AS
SELECT
    p.run_id,
    r.label,
    i.symbol,
    p.position_id,
    p.side,
    p.quantity,
    p.entry_price,
    c.checked_at,
    c.mark_price,
    d.direction * (c.mark_price * p.quantity - p.cost_basis_usd) AS unrealised_usd,
    d.direction * (c.mark_price / p.entry_price - 1) AS unrealised_share,
    d.direction * (c.mark_price - p.stop_price) / c.mark_price AS distance_to_stop,
    d.direction * (p.target_price - c.mark_price) / c.mark_price AS distance_to_target,
    d.direction * (c.mark_price - nullif(p.liquidation_price, 0)) / c.mark_price AS distance_to_liquidation,
    extract(EPOCH FROM c.checked_at - p.opened_time) / 3600 AS hours_held,
    extract(EPOCH FROM p.max_holding_until - c.checked_at) / 3600 AS hours_left,
    p.funding_usd,
    p.fees_usd,
    c.thesis_health
FROM hydra.positions AS p
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
CROSS JOIN LATERAL (SELECT CASE p.side WHEN 'LONG' THEN 1 ELSE -1 END AS direction) AS d
LEFT JOIN LATERAL (
    SELECT
        e.time AS checked_at,
        (e.numbers ->> 'mark_price')::numeric AS mark_price,
        (e.numbers ->> 'thesis_health')::float8 AS thesis_health
    FROM hydra.position_events AS e
    WHERE e.position_id = p.position_id AND e.kind = 'CHECKED' AND e.numbers ? 'mark_price'
    ORDER BY e.sequence DESC
    LIMIT 1
) AS c ON true
WHERE p.state <> 'CLOSED';

COMMENT ON VIEW audit.open_positions IS
    'What is held now, and how far is it from its stop, target and liquidation? (as of its newest check)';
COMMENT ON COLUMN audit.open_positions.run_id IS 'The run';
COMMENT ON COLUMN audit.open_positions.label IS 'simulated, recorded, demo or live';
COMMENT ON COLUMN audit.open_positions.symbol IS 'The instrument';
COMMENT ON COLUMN audit.open_positions.position_id IS 'The position';
COMMENT ON COLUMN audit.open_positions.side IS 'LONG or SHORT';
COMMENT ON COLUMN audit.open_positions.quantity IS 'Held, base units';
COMMENT ON COLUMN audit.open_positions.entry_price IS 'Average over the entry fills';
COMMENT ON COLUMN audit.open_positions.checked_at IS 'Newest check, run''s clock; null, and so what follows: none yet';
COMMENT ON COLUMN audit.open_positions.mark_price IS 'Mark price at that check';
COMMENT ON COLUMN audit.open_positions.unrealised_usd IS 'Profit at the mark price before costs, USDT';
COMMENT ON COLUMN audit.open_positions.unrealised_share IS 'The same as a fraction of the entry price, without leverage';
COMMENT ON COLUMN audit.open_positions.distance_to_stop IS 'Fraction of the mark price, positive: not reached';
COMMENT ON COLUMN audit.open_positions.distance_to_target IS 'Fraction of the mark price, positive: not reached';
COMMENT ON COLUMN audit.open_positions.distance_to_liquidation IS 'Fraction of the mark price; null: it never is liquidated';
COMMENT ON COLUMN audit.open_positions.hours_held IS 'From the first entry fill to the check, hours';
COMMENT ON COLUMN audit.open_positions.hours_left IS 'From the check to the time limit (C47), hours';
COMMENT ON COLUMN audit.open_positions.funding_usd IS 'Funding so far, USDT, positive: received';
COMMENT ON COLUMN audit.open_positions.fees_usd IS 'Fees so far, USDT, positive: cost';
COMMENT ON COLUMN audit.open_positions.thesis_health IS 'What is left of the trade''s reason, 0 to 1; null: not known';
