-- Audit views over accounts at an exchange.

CREATE OR REPLACE VIEW audit.exchange_differences AS
SELECT
    d.run_id,
    r.label,
    d.difference_id,
    d.kind,
    d.symbol,
    d.subject,
    d.in_tables,
    d.at_exchange,
    d.blocks_entries,
    d.done,
    d.found_time
FROM hydra.account_differences AS d
JOIN hydra.runs AS r USING (run_id)
WHERE d.mended_time IS NULL;

COMMENT ON VIEW audit.exchange_differences IS
    'What do tables and exchange say differently now, as of the newest comparison? (should be empty)';
COMMENT ON COLUMN audit.exchange_differences.run_id IS 'The run';
COMMENT ON COLUMN audit.exchange_differences.label IS 'demo, live or simulated';
COMMENT ON COLUMN audit.exchange_differences.difference_id IS 'The difference (hydra.account_differences)';
COMMENT ON COLUMN audit.exchange_differences.kind IS 'What differs (DifferenceKind)';
COMMENT ON COLUMN audit.exchange_differences.symbol IS 'The pair as the exchange names it; USDT for the balance';
COMMENT ON COLUMN audit.exchange_differences.subject IS 'The id of the order, trade or transaction';
COMMENT ON COLUMN audit.exchange_differences.in_tables IS 'What the tables say; null: nothing';
COMMENT ON COLUMN audit.exchange_differences.at_exchange IS 'What the exchange says; null: nothing';
COMMENT ON COLUMN audit.exchange_differences.blocks_entries IS 'Whether the pair is not entered meanwhile';
COMMENT ON COLUMN audit.exchange_differences.done IS 'What HYDRA did about it';
COMMENT ON COLUMN audit.exchange_differences.found_time IS 'Since when, exchange''s time';

-- Funding by rate x mark x quantity, fees by the rates of the account. The rounding of an amount is allowed, of funding
-- 1 % besides: the mark that is recorded may be that of the last minute before the settlement.
CREATE OR REPLACE VIEW audit.income_by_formula AS
WITH own AS (
    SELECT
        n.run_id, n.kind, n.transaction_id, n.symbol, n.time, n.amount, n.asset, i.instrument_id, n.trade_id, n.position_id
    FROM hydra.exchange_income AS n
    JOIN hydra.runs AS r USING (run_id)
    JOIN market.instruments AS i
        ON i.exchange_symbol = n.symbol AND r.config -> 'instrument_ids' @> to_jsonb(i.instrument_id::integer)
    WHERE n.asset = 'USDT'
),
by_formula AS (
    SELECT
        n.run_id, n.kind, n.transaction_id, n.symbol, n.time, n.amount,
        -f.price * f.quantity * CASE WHEN f.is_maker THEN rates.maker_fee_bps ELSE rates.taker_fee_bps END / 10000
            AS formula_usd,
        0 AS share
    FROM own AS n
    JOIN hydra.orders AS o ON o.run_id = n.run_id AND o.instrument_id = n.instrument_id
    JOIN hydra.fills AS f ON f.order_id = o.order_id AND f.trade_id = n.trade_id
    CROSS JOIN LATERAL (
        SELECT maker_fee_bps, taker_fee_bps FROM market.fee_rates AS held
        WHERE held.instrument_id = n.instrument_id AND held.valid_from <= n.time
        ORDER BY held.valid_from DESC
        LIMIT 1
    ) AS rates
    WHERE n.kind = 'COMMISSION'
    UNION ALL
    SELECT
        n.run_id, n.kind, n.transaction_id, n.symbol, n.time, n.amount,
        -CASE p.side WHEN 'LONG' THEN held.quantity ELSE -held.quantity END * s.rate::numeric
            * coalesce(s.mark_price::numeric, m.close::numeric),
        0.01
    FROM own AS n
    JOIN hydra.positions AS p USING (position_id)
    CROSS JOIN LATERAL (
        SELECT sum(CASE o.role WHEN 'ENTRY' THEN f.quantity ELSE -f.quantity END) AS quantity
        FROM hydra.fills AS f
        JOIN hydra.orders AS o USING (order_id)
        WHERE o.position_id = p.position_id AND f.time <= n.time
    ) AS held
    CROSS JOIN LATERAL (
        SELECT rate, mark_price FROM market.funding_rates AS f
        WHERE f.instrument_id = n.instrument_id AND f.time > n.time - interval '1 minute'
            AND f.time < n.time + interval '1 minute'
        ORDER BY abs(extract(epoch FROM f.time - n.time))
        LIMIT 1
    ) AS s
    LEFT JOIN LATERAL (
        SELECT close FROM market.mark_prices AS b
        WHERE b.instrument_id = n.instrument_id AND b.timeframe_minutes = 1 AND b.time < n.time
            AND b.time > n.time - interval '5 minutes'
        ORDER BY b.time DESC
        LIMIT 1
    ) AS m ON true
    WHERE n.kind = 'FUNDING_FEE'
)
SELECT
    b.run_id, r.label, b.kind, b.symbol, b.transaction_id, b.time, b.amount AS amount_usd,
    round(b.formula_usd, 8) AS formula_usd,
    b.amount - round(b.formula_usd, 8) AS difference_usd,
    0.00000001 + round(b.share * abs(b.formula_usd), 8) AS bound_usd
FROM by_formula AS b
JOIN hydra.runs AS r USING (run_id);

COMMENT ON VIEW audit.income_by_formula IS
    'Does the exchange charge funding and fees as our formulas say? Where rate or mark are not recorded there is no row';
COMMENT ON COLUMN audit.income_by_formula.run_id IS 'The run';
COMMENT ON COLUMN audit.income_by_formula.label IS 'demo, live or simulated';
COMMENT ON COLUMN audit.income_by_formula.kind IS 'FUNDING_FEE or COMMISSION';
COMMENT ON COLUMN audit.income_by_formula.symbol IS 'The pair as the exchange names it';
COMMENT ON COLUMN audit.income_by_formula.transaction_id IS 'The transaction (hydra.exchange_income)';
COMMENT ON COLUMN audit.income_by_formula.time IS 'When, exchange''s clock';
COMMENT ON COLUMN audit.income_by_formula.amount_usd IS 'By the exchange, USDT, positive: received';
COMMENT ON COLUMN audit.income_by_formula.formula_usd IS 'By our formula, USDT';
COMMENT ON COLUMN audit.income_by_formula.difference_usd IS 'Exchange less formula, USDT';
COMMENT ON COLUMN audit.income_by_formula.bound_usd IS 'How large the difference may be: rounding, and of funding 1 %';
