-- What the tables of a run and the temporary tables of its account say differently, a row a difference.
-- %(run_id)s: the run. %(since)s: from when on trades and income are shown.
WITH pairs AS (
    SELECT i.instrument_id, i.exchange_symbol AS symbol
    FROM hydra.runs AS r
    CROSS JOIN LATERAL jsonb_array_elements_text(r.config -> 'instrument_ids') AS listed (instrument_id)
    JOIN market.instruments AS i ON i.instrument_id = listed.instrument_id::smallint
    WHERE r.run_id = %(run_id)s
),

-- Orders: by the client's id. The ordinary order that a conditional one became has the same, and is no other order.
own_orders AS (
    SELECT
        o.order_id, o.client_order_id, o.exchange_order_id, o.child_order_id, o.role, o.side = 'BUY' AS is_buy, o.quantity,
        o.filled_quantity, o.limit_price, o.trigger_price, o.state, o.recorded_at, p.instrument_id, p.symbol,
        o.order_type IN ('STOP_MARKET', 'TAKE_PROFIT_MARKET') AS is_conditional,
        o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN') AS is_working,
        -- A stop stands before the entry goes out.
        EXISTS (
            SELECT FROM hydra.positions AS h
            WHERE h.run_id = o.run_id AND h.instrument_id = o.instrument_id AND h.state <> 'CLOSED'
        ) OR EXISTS (SELECT FROM shown_positions AS h WHERE h.symbol = p.symbol) OR EXISTS (
            SELECT FROM hydra.orders AS h
            WHERE h.run_id = o.run_id AND h.instrument_id = o.instrument_id AND h.decision_time = o.decision_time
                AND h.role = 'ENTRY' AND h.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
        ) AS has_position_or_entry
    FROM hydra.orders AS o
    JOIN pairs AS p USING (instrument_id)
    WHERE o.run_id = %(run_id)s AND (
        o.state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN')
        OR o.client_order_id IN (SELECT client_order_id FROM shown_orders)
        OR o.exchange_order_id IN (SELECT exchange_order_id FROM shown_trades)
        OR o.child_order_id IN (SELECT exchange_order_id FROM shown_trades)
    )
),
their_orders AS (
    SELECT s.*, s.state IN ('OPEN', 'PARTIALLY_FILLED') AS is_open
    FROM shown_orders AS s
    WHERE s.is_conditional OR NOT EXISTS (
        SELECT FROM own_orders AS o WHERE o.client_order_id = s.client_order_id AND o.is_conditional
    )
),
order_differences AS (
    SELECT
        CASE
            WHEN o.order_id IS NULL THEN 'ORDER_UNKNOWN'
            WHEN s.client_order_id IS NULL THEN NULL
            WHEN s.state IS NULL AND o.state <> 'PLANNED' AND o.recorded_at < now() - interval '1 minute'
                THEN 'ORDER_NOT_FOUND'
            WHEN s.is_open AND o.state IN ('PLANNED', 'UNKNOWN') THEN 'ORDER_ARRIVED'
            WHEN s.is_open AND (NOT o.is_working OR (o.role <> 'ENTRY' AND NOT o.has_position_or_entry)) THEN 'ORDER_LIVES_ON'
            WHEN s.is_open AND (
                s.is_buy <> o.is_buy OR s.limit_price <> o.limit_price OR s.trigger_price <> o.trigger_price
                -- An order that closes the whole position has no quantity.
                OR (s.quantity > 0 AND s.quantity <> o.quantity)
            ) THEN 'ORDER_CHANGED'
            WHEN NOT s.is_open AND o.is_working THEN 'ORDER_ENDED'
        END AS kind,
        coalesce(o.symbol, s.symbol) AS symbol,
        client_order_id AS subject,
        CASE WHEN o.order_id IS NOT NULL THEN jsonb_build_object(
            'role', o.role, 'state', o.state, 'is_buy', o.is_buy, 'quantity', o.quantity,
            'filled_quantity', o.filled_quantity, 'limit_price', o.limit_price, 'trigger_price', o.trigger_price
        ) END AS in_tables,
        CASE WHEN s.state IS NOT NULL THEN jsonb_build_object(
            'order_type', s.order_type, 'state', s.state, 'is_buy', s.is_buy, 'quantity', s.quantity,
            'filled_quantity', s.filled_quantity, 'limit_price', s.limit_price, 'trigger_price', s.trigger_price,
            'exchange_order_id', s.exchange_order_id, 'is_conditional', s.is_conditional
        ) END AS at_exchange
    FROM own_orders AS o
    FULL JOIN their_orders AS s USING (client_order_id)
),

-- Fills: by the pair and the exchange's id of the trade.
their_trades AS (
    SELECT t.*, o.order_id, o.client_order_id AS own_id
    FROM shown_trades AS t
    LEFT JOIN LATERAL (
        SELECT o.order_id, o.client_order_id
        FROM own_orders AS o
        WHERE o.symbol = t.symbol AND (
            o.client_order_id = t.client_order_id
            OR t.exchange_order_id = CASE WHEN o.is_conditional THEN o.child_order_id ELSE o.exchange_order_id END
            OR EXISTS (
                SELECT FROM shown_orders AS s
                WHERE s.client_order_id = o.client_order_id
                    AND t.exchange_order_id = CASE WHEN s.is_conditional THEN s.child_order_id ELSE s.exchange_order_id END
            )
        )
        LIMIT 1
    ) AS o ON true
),
own_fills AS (
    SELECT
        f.fill_id, f.trade_id, f.price, f.quantity, f.fee_usd, o.client_order_id, p.symbol,
        -- The costs of a liquidation are part of its fee, and no fee of the trade.
        o.reason_code IS NOT DISTINCT FROM 'LIQUIDATED' AS is_forced
    FROM hydra.fills AS f
    JOIN hydra.orders AS o USING (order_id)
    JOIN pairs AS p USING (instrument_id)
    -- A position that was taken over may have been opened before its trades are shown.
    WHERE o.run_id = %(run_id)s AND f.time >= %(since)s AND f.trade_id NOT LIKE 'adopted/%%'
),
fills AS (
    SELECT
        symbol, trade_id, f.fill_id, t.order_id, t.time,
        CASE WHEN t.is_buy THEN t.quantity ELSE -t.quantity END AS change,
        CASE
            WHEN f.fill_id IS NULL AND t.order_id IS NOT NULL THEN 'FILL_MISSED'
            WHEN t.trade_id IS NULL THEN 'FILL_NOT_FOUND'
            WHEN (t.price, t.quantity) <> (f.price, f.quantity) OR (t.fee_usd <> f.fee_usd AND NOT f.is_forced)
                THEN 'FILL_DIFFERS'
        END AS kind,
        CASE WHEN f.fill_id IS NOT NULL THEN jsonb_build_object(
            'client_order_id', f.client_order_id, 'price', f.price, 'quantity', f.quantity, 'fee_usd', f.fee_usd
        ) END AS in_tables,
        CASE WHEN t.trade_id IS NOT NULL THEN jsonb_build_object(
            'client_order_id', t.own_id, 'exchange_order_id', t.exchange_order_id, 'price', t.price,
            'quantity', t.quantity, 'fee_usd', t.fee_usd
        ) END AS at_exchange
    FROM their_trades AS t
    FULL JOIN own_fills AS f USING (symbol, trade_id)
),

-- Positions: what the tables hold, the missed fills included.
own_positions AS (
    SELECT
        p.position_id, i.symbol, p.opened_time, p.leverage,
        CASE p.side WHEN 'LONG' THEN p.quantity ELSE -p.quantity END AS quantity
    FROM hydra.positions AS p
    JOIN pairs AS i USING (instrument_id)
    WHERE p.run_id = %(run_id)s AND p.state <> 'CLOSED'
),
missed AS (
    SELECT symbol, sum(change) AS quantity FROM fills WHERE kind = 'FILL_MISSED' GROUP BY symbol
),
positions AS (
    SELECT
        symbol, o.position_id, o.leverage, o.opened_time, s.leverage AS their_leverage, s.is_isolated, s.entry_price,
        m.quantity IS NOT NULL AS has_missed,
        coalesce(o.quantity, 0) + coalesce(m.quantity, 0) AS held,
        coalesce(s.quantity, 0) AS shown,
        -- What others' orders have closed of it since it was opened; null if they also added to it.
        (
            SELECT CASE WHEN bool_and(f.change * o.quantity < 0) THEN sum(f.change) END FROM fills AS f
            WHERE f.symbol = o.symbol AND f.fill_id IS NULL AND f.order_id IS NULL AND f.time >= o.opened_time
        ) AS closed_elsewhere,
        (
            SELECT coalesce(bool_or(t.quantity = 0) OR sum(t.quantity) >= abs(s.quantity), false)
            FROM their_orders AS t
            JOIN own_orders AS own USING (client_order_id)
            WHERE own.symbol = s.symbol AND own.role = 'STOP' AND t.is_open AND t.is_conditional
                AND t.is_buy = (s.quantity < 0)
        ) AS is_protected
    FROM own_positions AS o
    FULL JOIN shown_positions AS s USING (symbol)
    LEFT JOIN missed AS m USING (symbol)
),
position_differences AS (
    SELECT
        CASE
            WHEN p.shown <> p.held AND p.held = 0 THEN 'POSITION_UNKNOWN'
            WHEN p.shown <> p.held AND p.shown * p.held >= 0 AND abs(p.shown) < abs(p.held)
                AND p.closed_elsewhere = p.shown - p.held THEN 'POSITION_CLOSED'
            WHEN p.shown <> p.held THEN 'POSITION_DIFFERS'
            WHEN p.shown <> 0 AND NOT p.has_missed AND NOT p.is_protected THEN 'POSITION_UNPROTECTED'
        END AS kind,
        p.*
    FROM positions AS p
    UNION ALL
    SELECT 'LEVERAGE_DIFFERS', p.*
    FROM positions AS p
    WHERE p.position_id IS NOT NULL AND p.shown <> 0 AND (NOT p.is_isolated OR abs(p.their_leverage - p.leverage) >= 1)
),

-- The wallet: from the last one that was agreed on, by what the run's positions earned and others' trades cost.
-- A transfer is no income: somebody has to say that it is right.
ledger AS (
    SELECT time, wallet_usd, booked_usd FROM hydra.reconciliations
    WHERE run_id = %(run_id)s AND begins_ledger
    ORDER BY reconciliation_id DESC
    LIMIT 1
),
wallets AS (
    SELECT
        s.wallet_usd AS shown_usd,
        l.time AS since,
        l.wallet_usd - l.booked_usd
            + (SELECT coalesce(sum(net_pnl_usd), 0) FROM hydra.positions WHERE run_id = %(run_id)s)
            + (
                SELECT coalesce(sum(i.amount), 0) FROM hydra.exchange_income AS i
                WHERE i.run_id = %(run_id)s AND i.time > l.time AND i.asset = 'USDT' AND i.kind <> 'TRANSFER'
                    AND i.position_id IS NULL AND NOT EXISTS (
                        SELECT FROM hydra.fills AS f
                        JOIN hydra.orders AS o USING (order_id)
                        JOIN pairs AS p USING (instrument_id)
                        WHERE o.run_id = %(run_id)s AND p.symbol = i.symbol AND f.trade_id = i.trade_id
                    )
            ) AS expected_usd,
        -- Each exit rounds once here and once there.
        0.00000001 * (
            SELECT count(*) FROM hydra.fills JOIN hydra.orders AS o USING (order_id)
            WHERE o.run_id = %(run_id)s AND o.role <> 'ENTRY'
        ) AS bound_usd
    FROM shown_balances AS s
    CROSS JOIN ledger AS l
    WHERE NOT EXISTS (SELECT FROM fills WHERE kind IS NOT NULL)
        AND NOT EXISTS (SELECT FROM position_differences WHERE kind = 'POSITION_CLOSED')
),

-- Income: what is shown has been stored before.
income AS (
    SELECT o.amount AS own_amount, s.amount, kind AS income_kind, transaction_id, symbol
    FROM (SELECT * FROM hydra.exchange_income WHERE run_id = %(run_id)s AND time >= %(since)s) AS o
    FULL JOIN shown_income AS s USING (kind, transaction_id, symbol)
),

differences AS (
    SELECT kind, symbol, subject, in_tables, at_exchange FROM order_differences
    UNION ALL
    SELECT kind, symbol, trade_id, in_tables, at_exchange FROM fills
    UNION ALL
    SELECT
        kind, symbol, '',
        CASE WHEN held <> 0 THEN jsonb_build_object('quantity', held, 'leverage', leverage) END,
        CASE WHEN shown <> 0 THEN jsonb_build_object(
            'quantity', shown, 'entry_price', entry_price, 'leverage', their_leverage, 'is_isolated', is_isolated
        ) END
    FROM position_differences
    UNION ALL
    SELECT
        CASE WHEN abs(shown_usd - expected_usd) > bound_usd THEN 'BALANCE_DIFFERS' END, 'USDT', '',
        jsonb_build_object('wallet_usd', expected_usd, 'since', since), jsonb_build_object('wallet_usd', shown_usd)
    FROM wallets
    UNION ALL
    SELECT
        CASE WHEN own_amount IS DISTINCT FROM amount THEN 'INCOME_DIFFERS' END, symbol, income_kind || ' ' || transaction_id,
        CASE WHEN own_amount IS NOT NULL THEN jsonb_build_object('amount', own_amount) END,
        CASE WHEN amount IS NOT NULL THEN jsonb_build_object('amount', amount) END
    FROM income
)
SELECT d.kind, d.symbol, p.instrument_id, d.subject, d.in_tables::text, d.at_exchange::text
FROM differences AS d
LEFT JOIN pairs AS p USING (symbol)
WHERE d.kind IS NOT NULL
ORDER BY d.symbol, d.kind, d.subject
