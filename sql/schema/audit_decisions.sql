-- Audit views over decisions, trades and money.

-- The funnel of a backtest comes from its counts: it has rows only for minutes in which something happened.
CREATE OR REPLACE VIEW audit.veto_funnel AS
WITH verdicts AS (
    SELECT run_id, instrument_id, time, 2 AS layer, tradability = 'ALLOW' AS passed, reason_code
    FROM hydra.assessments
    UNION ALL
    SELECT run_id, instrument_id, time, 3, approved, reason_code FROM hydra.signals
    UNION ALL
    SELECT run_id, instrument_id, time, 4, approved, reason_code FROM hydra.risk_decisions
),
counts AS (
    SELECT v.run_id, v.instrument_id, time_bucket(interval '1 hour', v.time) AS hour, v.layer, v.passed,
        v.reason_code, count(*) AS verdicts
    FROM verdicts AS v
    JOIN hydra.runs AS r USING (run_id)
    WHERE r.mode <> 'backtest'
    GROUP BY 1, 2, 3, 4, 5, 6
    UNION ALL
    SELECT run_id, instrument_id, hour, layer, passed, reason_code, verdicts FROM hydra.veto_counts
)
SELECT c.run_id, r.label, i.symbol, c.hour, c.layer, c.passed, c.reason_code, c.verdicts, w.words
FROM counts AS c
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
JOIN hydra.reason_codes AS w ON w.code = c.reason_code;

COMMENT ON VIEW audit.veto_funnel IS
    'How many decisions does each layer let through or stop, per pair and hour, and for which reason?';
COMMENT ON COLUMN audit.veto_funnel.run_id IS 'The run';
COMMENT ON COLUMN audit.veto_funnel.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.veto_funnel.symbol IS 'The instrument';
COMMENT ON COLUMN audit.veto_funnel.hour IS 'Hour of the decided minutes, its start';
COMMENT ON COLUMN audit.veto_funnel.layer IS '2 statistical, 3 signals, 4 risk';
COMMENT ON COLUMN audit.veto_funnel.passed IS 'True: let through';
COMMENT ON COLUMN audit.veto_funnel.reason_code IS 'Why (ReasonCode)';
COMMENT ON COLUMN audit.veto_funnel.verdicts IS 'How many verdicts';
COMMENT ON COLUMN audit.veto_funnel.words IS 'The reason in words';

CREATE OR REPLACE VIEW audit.unprotected_positions AS
SELECT
    p.run_id,
    r.label,
    i.symbol,
    p.position_id,
    p.side,
    p.quantity,
    coalesce(s.quantity, 0) AS protected_quantity,
    p.opened_time
FROM hydra.positions AS p
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
LEFT JOIN (
    SELECT position_id, sum(quantity - filled_quantity) AS quantity
    FROM hydra.orders
    WHERE role = 'STOP' AND state IN ('OPEN', 'PARTIALLY_FILLED')
    GROUP BY position_id
) AS s USING (position_id)
WHERE p.state <> 'CLOSED' AND coalesce(s.quantity, 0) < p.quantity;

COMMENT ON VIEW audit.unprotected_positions IS
    'Which open positions are not wholly covered by a stop that rests on the exchange? (should be empty)';
COMMENT ON COLUMN audit.unprotected_positions.run_id IS 'The run';
COMMENT ON COLUMN audit.unprotected_positions.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.unprotected_positions.symbol IS 'The instrument';
COMMENT ON COLUMN audit.unprotected_positions.position_id IS 'The position';
COMMENT ON COLUMN audit.unprotected_positions.side IS 'LONG or SHORT';
COMMENT ON COLUMN audit.unprotected_positions.quantity IS 'Held, base units';
COMMENT ON COLUMN audit.unprotected_positions.protected_quantity IS 'Covered by working stops, base units';
COMMENT ON COLUMN audit.unprotected_positions.opened_time IS 'When it was opened';

CREATE OR REPLACE VIEW audit.daily_pnl AS
SELECT
    p.run_id,
    r.label,
    time_bucket(interval '1 day', p.closed_time) AS day,
    count(*) AS trades,
    count(*) FILTER (WHERE p.net_pnl_usd > 0) AS winning_trades,
    sum(p.gross_pnl_usd) AS gross_pnl_usd,
    sum(p.fees_usd) AS fees_usd,
    sum(p.funding_usd) AS funding_usd,
    sum(p.net_pnl_usd) AS net_pnl_usd
FROM hydra.positions AS p
JOIN hydra.runs AS r USING (run_id)
WHERE p.state = 'CLOSED'
GROUP BY 1, 2, 3;

COMMENT ON VIEW audit.daily_pnl IS
    'What did the positions closed on each UTC day earn, net of all costs? (C104: zero counts as a loss)';
COMMENT ON COLUMN audit.daily_pnl.run_id IS 'The run';
COMMENT ON COLUMN audit.daily_pnl.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.daily_pnl.day IS 'UTC day of the close';
COMMENT ON COLUMN audit.daily_pnl.trades IS 'Closed positions';
COMMENT ON COLUMN audit.daily_pnl.winning_trades IS 'Of these, with a positive net result';
COMMENT ON COLUMN audit.daily_pnl.gross_pnl_usd IS 'Before costs, USDT';
COMMENT ON COLUMN audit.daily_pnl.fees_usd IS 'Fees, USDT, positive: cost';
COMMENT ON COLUMN audit.daily_pnl.funding_usd IS 'Funding, USDT, positive: received';
COMMENT ON COLUMN audit.daily_pnl.net_pnl_usd IS 'gross - fees + funding, USDT';

CREATE OR REPLACE VIEW audit.slippage AS
SELECT
    o.run_id,
    r.label,
    i.symbol,
    o.role,
    o.order_type,
    f.is_maker,
    f.fill_id,
    f.time,
    f.quantity,
    o.reference_price,
    f.price,
    m.direction * (f.price - o.reference_price) / o.reference_price * 10000 AS slippage_bps,
    m.direction * (f.price - o.reference_price) * f.quantity AS slippage_usd,
    f.evidence
FROM hydra.fills AS f
JOIN hydra.orders AS o USING (order_id)
JOIN hydra.runs AS r USING (run_id)
JOIN market.instruments AS i USING (instrument_id)
CROSS JOIN LATERAL (SELECT CASE o.side WHEN 'BUY' THEN 1 ELSE -1 END AS direction) AS m;

COMMENT ON VIEW audit.slippage IS
    'How far from the price at the decision was each fill? Half the spread is part of it';
COMMENT ON COLUMN audit.slippage.run_id IS 'The run';
COMMENT ON COLUMN audit.slippage.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.slippage.symbol IS 'The instrument';
COMMENT ON COLUMN audit.slippage.role IS 'What the order was for';
COMMENT ON COLUMN audit.slippage.order_type IS 'How it executed';
COMMENT ON COLUMN audit.slippage.is_maker IS 'True: we provided the liquidity';
COMMENT ON COLUMN audit.slippage.fill_id IS 'The fill (hydra.fills)';
COMMENT ON COLUMN audit.slippage.time IS 'When it was filled';
COMMENT ON COLUMN audit.slippage.quantity IS 'Base units';
COMMENT ON COLUMN audit.slippage.reference_price IS 'Mid (or last) at the decision';
COMMENT ON COLUMN audit.slippage.price IS 'Price of the fill';
COMMENT ON COLUMN audit.slippage.slippage_bps IS 'Basis points of the reference price, positive: cost';
COMMENT ON COLUMN audit.slippage.slippage_usd IS 'USDT, positive: cost';
COMMENT ON COLUMN audit.slippage.evidence IS 'What says that it filled: BAR or BOOK (hydra.fills)';

CREATE OR REPLACE VIEW audit.cost_breakdown AS
SELECT
    p.run_id,
    p.label,
    p.symbol,
    p.positions,
    p.gross_pnl_usd,
    p.fees_usd,
    p.funding_usd,
    coalesce(s.slippage_usd, 0) AS slippage_usd,
    p.net_pnl_usd
FROM (
    SELECT
        q.run_id, r.label, i.symbol, count(*) AS positions, sum(q.gross_pnl_usd) AS gross_pnl_usd,
        sum(q.fees_usd) AS fees_usd, sum(q.funding_usd) AS funding_usd, sum(q.net_pnl_usd) AS net_pnl_usd
    FROM hydra.positions AS q
    JOIN hydra.runs AS r USING (run_id)
    JOIN market.instruments AS i USING (instrument_id)
    GROUP BY 1, 2, 3
) AS p
LEFT JOIN (
    SELECT run_id, symbol, sum(slippage_usd) AS slippage_usd FROM audit.slippage GROUP BY 1, 2
) AS s USING (run_id, symbol);

COMMENT ON VIEW audit.cost_breakdown IS
    'What did each pair pay: fees, funding, slippage? Slippage is already inside the gross result';
COMMENT ON COLUMN audit.cost_breakdown.run_id IS 'The run';
COMMENT ON COLUMN audit.cost_breakdown.label IS 'simulated, recorded or live';
COMMENT ON COLUMN audit.cost_breakdown.symbol IS 'The instrument';
COMMENT ON COLUMN audit.cost_breakdown.positions IS 'Positions, open ones included';
COMMENT ON COLUMN audit.cost_breakdown.gross_pnl_usd IS 'Realised price profit at the fills, USDT';
COMMENT ON COLUMN audit.cost_breakdown.fees_usd IS 'Fees, USDT, positive: cost';
COMMENT ON COLUMN audit.cost_breakdown.funding_usd IS 'Funding, USDT, positive: received';
COMMENT ON COLUMN audit.cost_breakdown.slippage_usd IS 'Against the price at the decision, USDT, positive: cost';
COMMENT ON COLUMN audit.cost_breakdown.net_pnl_usd IS 'gross - fees + funding, USDT';

CREATE OR REPLACE VIEW audit.versions_of_runs AS
SELECT
    r.run_id,
    coalesce(v.number, 1) AS number,
    coalesce(v.time, r.data_from) AS first_minute,
    lead(v.time) OVER (PARTITION BY r.run_id ORDER BY v.number) AS until,
    v.state AS taken_over_in,
    coalesce(v.code_version, r.code_version) AS code_version,
    coalesce(v.readings_hash, r.readings_hash) AS readings_hash,
    coalesce(v.feature_set_version, r.feature_set_version) AS feature_set_version,
    coalesce(v.cost_model_version, r.cost_model_version) AS cost_model_version
FROM hydra.runs AS r
LEFT JOIN hydra.run_versions AS v USING (run_id);

COMMENT ON VIEW audit.versions_of_runs IS 'Which version decided a run, from which minute on? One row a version';
COMMENT ON COLUMN audit.versions_of_runs.run_id IS 'The run';
COMMENT ON COLUMN audit.versions_of_runs.number IS 'From 1, the version that the run began with';
COMMENT ON COLUMN audit.versions_of_runs.first_minute IS 'First minute that it decided';
COMMENT ON COLUMN audit.versions_of_runs.until IS 'First minute of the next version; null: the version in force';
COMMENT ON COLUMN audit.versions_of_runs.taken_over_in IS
    'How far its first minute had come by the version before; null: not opened yet';
COMMENT ON COLUMN audit.versions_of_runs.code_version IS 'Commit of the code, + and a hash where it was changed';
COMMENT ON COLUMN audit.versions_of_runs.readings_hash IS 'Hash of the readings';
COMMENT ON COLUMN audit.versions_of_runs.feature_set_version IS 'Version of the feature definitions';
COMMENT ON COLUMN audit.versions_of_runs.cost_model_version IS 'Version of the cost model';
