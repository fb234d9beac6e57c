-- Audit view: the whole chain behind every fill.

CREATE OR REPLACE VIEW audit.trade_lineage AS
SELECT
    o.run_id,
    r.label,
    i.symbol,
    f.fill_id,
    f.time AS fill_time,
    f.price AS fill_price,
    f.quantity AS fill_quantity,
    f.fee_usd,
    o.order_id,
    o.client_order_id,
    o.role,
    o.state AS order_state,
    o.position_id,
    p.side AS position_side,
    p.exit_reason_code,
    o.decision_time,
    d.approved AS risk_approved,
    d.reason_code AS risk_reason_code,
    d.reason AS risk_reason,
    d.recommended_size_usd,
    s.source AS signal_source,
    s.side AS signal_side,
    s.confidence AS signal_confidence,
    s.score AS signal_score,
    s.thesis,
    n.action AS news_action,
    a.tradability,
    a.reason_code AS statistical_reason_code,
    v.feature_set_version,
    v.newest_known_at AS newest_fact_known_at,
    c.time AS candle_time,
    c.close AS candle_close,
    c.known_at AS candle_known_at
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
JOIN hydra.risk_decisions AS d
    ON d.run_id = o.run_id AND d.instrument_id = o.instrument_id AND d.time = o.decision_time
LEFT JOIN hydra.positions AS p USING (position_id)
LEFT JOIN hydra.signals AS s
    ON s.run_id = d.run_id AND s.instrument_id = d.instrument_id AND s.time = d.time AND s.source = d.source
LEFT JOIN hydra.assessments AS a
    ON a.run_id = d.run_id AND a.instrument_id = d.instrument_id AND a.time = d.time
LEFT JOIN hydra.features AS v
    ON v.run_id = d.run_id AND v.instrument_id = d.instrument_id AND v.time = d.time
LEFT JOIN market.candles_1m AS c
    ON c.instrument_id = d.instrument_id AND c.time = d.time - interval '1 minute'
LEFT JOIN LATERAL (
    SELECT w.action FROM hydra.news_views AS w
    WHERE w.run_id = d.run_id AND w.instrument_id = d.instrument_id
        AND w.known_at <= (SELECT y.as_of FROM hydra.cycles AS y WHERE y.run_id = d.run_id AND y.time = d.time)
    ORDER BY w.time DESC LIMIT 1
) AS n ON true;

COMMENT ON VIEW audit.trade_lineage IS
    'Why does this fill exist? One row a fill: order, risk decision, signal, news, assessment, features, candle';
COMMENT ON COLUMN audit.trade_lineage.run_id IS 'The run';
COMMENT ON COLUMN audit.trade_lineage.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.trade_lineage.symbol IS 'The instrument';
COMMENT ON COLUMN audit.trade_lineage.fill_id IS 'The fill (hydra.fills)';
COMMENT ON COLUMN audit.trade_lineage.fill_time IS 'When it was filled';
COMMENT ON COLUMN audit.trade_lineage.fill_price IS 'Price of the fill';
COMMENT ON COLUMN audit.trade_lineage.fill_quantity IS 'Base units';
COMMENT ON COLUMN audit.trade_lineage.fee_usd IS 'Fee of the fill, USDT';
COMMENT ON COLUMN audit.trade_lineage.order_id IS 'The order (hydra.orders)';
COMMENT ON COLUMN audit.trade_lineage.client_order_id IS 'Its deterministic id';
COMMENT ON COLUMN audit.trade_lineage.role IS 'What the order was for';
COMMENT ON COLUMN audit.trade_lineage.order_state IS 'Where the order stands';
COMMENT ON COLUMN audit.trade_lineage.position_id IS 'The position (hydra.positions)';
COMMENT ON COLUMN audit.trade_lineage.position_side IS 'LONG or SHORT';
COMMENT ON COLUMN audit.trade_lineage.exit_reason_code IS 'What closed the position; null while open';
COMMENT ON COLUMN audit.trade_lineage.decision_time IS 'The decided minute';
COMMENT ON COLUMN audit.trade_lineage.risk_approved IS 'Layer 4 said yes';
COMMENT ON COLUMN audit.trade_lineage.risk_reason_code IS 'Layer 4: why';
COMMENT ON COLUMN audit.trade_lineage.risk_reason IS 'Layer 4: why, in words';
COMMENT ON COLUMN audit.trade_lineage.recommended_size_usd IS 'Layer 4: notional, USDT';
COMMENT ON COLUMN audit.trade_lineage.signal_source IS 'Layer 3: the generator';
COMMENT ON COLUMN audit.trade_lineage.signal_side IS 'Layer 3: LONG or SHORT';
COMMENT ON COLUMN audit.trade_lineage.signal_confidence IS 'Layer 3: the generator''s confidence';
COMMENT ON COLUMN audit.trade_lineage.signal_score IS 'Layer 3: score';
COMMENT ON COLUMN audit.trade_lineage.thesis IS 'Layer 3: what the trade bets on';
COMMENT ON COLUMN audit.trade_lineage.news_action IS 'Layer 3: the newest news view that was known at the decision';
COMMENT ON COLUMN audit.trade_lineage.tradability IS 'Layer 2: ALLOW, RESTRICT or BLOCK';
COMMENT ON COLUMN audit.trade_lineage.statistical_reason_code IS 'Layer 2: why';
COMMENT ON COLUMN audit.trade_lineage.feature_set_version IS 'Version of the features used';
COMMENT ON COLUMN audit.trade_lineage.newest_fact_known_at IS 'known_at of the newest fact used';
COMMENT ON COLUMN audit.trade_lineage.candle_time IS 'Open of the last candle at the decision';
COMMENT ON COLUMN audit.trade_lineage.candle_close IS 'Its close';
COMMENT ON COLUMN audit.trade_lineage.candle_known_at IS 'When it became known';
