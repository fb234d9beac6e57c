-- Schema hydra: orders, fills, positions, equity, kill switch.

CREATE TABLE hydra.positions (
    position_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    decision_time TIMESTAMP WITH TIME ZONE NOT NULL,
    side TEXT NOT NULL,
    state TEXT NOT NULL,
    opened_time TIMESTAMP WITH TIME ZONE NOT NULL,
    closed_time TIMESTAMP WITH TIME ZONE,
    quantity NUMERIC NOT NULL,
    peak_quantity NUMERIC NOT NULL,
    entry_price NUMERIC NOT NULL,
    exit_price NUMERIC,
    leverage NUMERIC NOT NULL,
    stop_price NUMERIC,
    target_price NUMERIC,
    liquidation_price NUMERIC,
    max_holding_until TIMESTAMP WITH TIME ZONE NOT NULL,
    exit_reason_code TEXT,
    gross_pnl_usd NUMERIC NOT NULL,
    fees_usd NUMERIC NOT NULL,
    funding_usd NUMERIC NOT NULL,
    net_pnl_usd NUMERIC NOT NULL,
    mark_source TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    cost_basis_usd NUMERIC DEFAULT 0 NOT NULL,
    CONSTRAINT positions_pkey PRIMARY KEY (position_id),
    CONSTRAINT positions_side_check CHECK (side IN ('LONG', 'SHORT')),
    CONSTRAINT positions_state_check CHECK (state IN ('OPEN', 'CLOSING', 'CLOSED')),
    CONSTRAINT positions_exit_reason_code_fkey FOREIGN KEY(exit_reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT positions_closed_check CHECK ((state = 'CLOSED') = (closed_time IS NOT NULL)),
    CONSTRAINT positions_quantity_check CHECK (quantity >= 0 AND (state <> 'CLOSED' OR quantity = 0)),
    CONSTRAINT positions_run_id_instrument_id_decision_time_fkey FOREIGN KEY(run_id, instrument_id, decision_time)
        REFERENCES hydra.risk_decisions (run_id, instrument_id, time),
    CONSTRAINT positions_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT positions_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
CREATE UNIQUE INDEX positions_one_open_idx ON hydra.positions (run_id, instrument_id) WHERE state <> 'CLOSED';
CREATE UNIQUE INDEX positions_run_id_instrument_id_opened_time_idx ON hydra.positions (run_id, instrument_id, opened_time);
-- Each cycle asks for the last exit of a pair.
CREATE INDEX positions_run_id_instrument_id_closed_time_idx
ON hydra.positions (run_id, instrument_id, closed_time);
COMMENT ON TABLE hydra.positions IS 'One row per position, from the first entry fill to the last exit fill; one open per pair (C117)';
COMMENT ON COLUMN hydra.positions.position_id IS 'Key';
COMMENT ON COLUMN hydra.positions.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.positions.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.positions.decision_time IS 'The risk decision that opened it';
COMMENT ON COLUMN hydra.positions.side IS 'LONG or SHORT';
COMMENT ON COLUMN hydra.positions.state IS 'OPEN, CLOSING or CLOSED';
COMMENT ON COLUMN hydra.positions.opened_time IS 'First entry fill, run''s clock';
COMMENT ON COLUMN hydra.positions.closed_time IS 'Last exit fill, run''s clock; null while open';
COMMENT ON COLUMN hydra.positions.quantity IS 'Held now, base units; 0 once closed';
COMMENT ON COLUMN hydra.positions.peak_quantity IS 'All that was entered, base units';
COMMENT ON COLUMN hydra.positions.entry_price IS 'Average over the entry fills';
COMMENT ON COLUMN hydra.positions.exit_price IS 'Average over the exit fills so far';
COMMENT ON COLUMN hydra.positions.leverage IS 'As set on the exchange';
COMMENT ON COLUMN hydra.positions.stop_price IS 'The stop that rests on the exchange; null: unprotected';
COMMENT ON COLUMN hydra.positions.target_price IS 'The target that rests on the exchange';
COMMENT ON COLUMN hydra.positions.liquidation_price IS 'By bracket on mark price';
COMMENT ON COLUMN hydra.positions.max_holding_until IS 'Closed no later than this (C47)';
COMMENT ON COLUMN hydra.positions.exit_reason_code IS 'What closed it (ReasonCode); null while open';
COMMENT ON COLUMN hydra.positions.gross_pnl_usd IS 'Realised price profit before costs, USDT';
COMMENT ON COLUMN hydra.positions.fees_usd IS 'Fees paid, USDT, positive: cost';
COMMENT ON COLUMN hydra.positions.funding_usd IS 'Funding, USDT, positive: received';
COMMENT ON COLUMN hydra.positions.net_pnl_usd IS 'gross - fees + funding, USDT';
COMMENT ON COLUMN hydra.positions.mark_source IS 'mark, or last where no mark is recorded (C126)';
COMMENT ON COLUMN hydra.positions.recorded_at IS 'Wall clock of the row';
COMMENT ON COLUMN hydra.positions.cost_basis_usd IS
'Amount for which the held quantity was bought or sold short, USDT: sum of price x quantity of its fills; 0 once closed';

CREATE TABLE hydra.position_events (
    position_id BIGINT NOT NULL,
    sequence INTEGER NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    amount_usd NUMERIC,
    reason_code TEXT,
    numbers JSONB DEFAULT '{}'::jsonb NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT position_events_pkey PRIMARY KEY (position_id, sequence),
    CONSTRAINT position_events_kind_check CHECK (kind IN ('OPENED', 'INCREASED', 'REDUCED', 'PROTECTED',
        'CHECKED', 'FUNDING', 'CLOSED')),
    CONSTRAINT position_events_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT position_events_position_id_fkey FOREIGN KEY(position_id)
        REFERENCES hydra.positions (position_id)
);
COMMENT ON TABLE hydra.position_events IS 'What happened to a position: fills, protection, funding, checks, close';
COMMENT ON COLUMN hydra.position_events.position_id IS 'Position';
COMMENT ON COLUMN hydra.position_events.sequence IS 'From 1, without holes';
COMMENT ON COLUMN hydra.position_events.time IS 'When, run''s clock';
COMMENT ON COLUMN hydra.position_events.kind IS 'What happened (PositionEventKind)';
COMMENT ON COLUMN hydra.position_events.amount_usd IS 'Cash effect, USDT, positive: received';
COMMENT ON COLUMN hydra.position_events.reason_code IS 'Verdict of a check or cause of a change (ReasonCode)';
COMMENT ON COLUMN hydra.position_events.numbers IS 'The numbers behind the event, by name';
COMMENT ON COLUMN hydra.position_events.recorded_at IS 'Wall clock of the row';

CREATE TABLE hydra.orders (
    order_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    client_order_id TEXT NOT NULL,
    decision_time TIMESTAMP WITH TIME ZONE NOT NULL,
    position_id BIGINT,
    role TEXT NOT NULL,
    order_type TEXT NOT NULL,
    side TEXT NOT NULL,
    reduce_only BOOLEAN NOT NULL,
    quantity NUMERIC NOT NULL,
    limit_price NUMERIC,
    trigger_price NUMERIC,
    reference_price NUMERIC NOT NULL,
    state TEXT NOT NULL,
    filled_quantity NUMERIC NOT NULL,
    average_price NUMERIC,
    exchange_order_id TEXT,
    reason_code TEXT,
    placed_time TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_time TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    queue_ahead NUMERIC,
    sent_time TIMESTAMP WITH TIME ZONE,
    cancel_wanted_time TIMESTAMP WITH TIME ZONE,
    child_order_id TEXT,
    closes_position BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT orders_pkey PRIMARY KEY (order_id),
    CONSTRAINT orders_role_check CHECK (role IN ('ENTRY', 'STOP', 'TARGET', 'EXIT')),
    CONSTRAINT orders_order_type_check CHECK (order_type IN ('LIMIT', 'POST_ONLY', 'MARKET',
        'STOP_MARKET', 'TAKE_PROFIT_MARKET')),
    CONSTRAINT orders_state_check CHECK (state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'FILLED',
        'CANCELED', 'REJECTED', 'EXPIRED', 'UNKNOWN')),
    CONSTRAINT orders_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT orders_side_check CHECK (side IN ('BUY', 'SELL')),
    CONSTRAINT orders_quantity_check CHECK (quantity > 0 AND filled_quantity >= 0
        AND (filled_quantity <= quantity OR closes_position)),
    CONSTRAINT orders_role_reduces_check CHECK (reduce_only = (role <> 'ENTRY')),
    CONSTRAINT orders_run_id_instrument_id_decision_time_fkey FOREIGN KEY(run_id, instrument_id, decision_time)
        REFERENCES hydra.risk_decisions (run_id, instrument_id, time),
    CONSTRAINT orders_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT orders_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id),
    CONSTRAINT orders_client_order_id_key UNIQUE (client_order_id),
    CONSTRAINT orders_position_id_fkey FOREIGN KEY(position_id)
        REFERENCES hydra.positions (position_id)
);
CREATE INDEX orders_position_id_idx ON hydra.orders (position_id);
CREATE INDEX orders_exchange_order_id_idx ON hydra.orders (exchange_order_id) WHERE exchange_order_id IS NOT NULL;
CREATE INDEX orders_child_order_id_idx ON hydra.orders (child_order_id) WHERE child_order_id IS NOT NULL;
CREATE INDEX orders_run_id_instrument_id_placed_time_idx ON hydra.orders (run_id, instrument_id, placed_time);
-- Each cycle asks for working orders: its cost must not depend on how much the run has traded before.
CREATE INDEX orders_working_idx ON hydra.orders (run_id)
WHERE state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN');
COMMENT ON TABLE hydra.orders IS 'Layer 5: every order, committed before the exchange was called';
COMMENT ON COLUMN hydra.orders.order_id IS 'Key';
COMMENT ON COLUMN hydra.orders.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.orders.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.orders.client_order_id IS 'Deterministic per decision';
COMMENT ON COLUMN hydra.orders.decision_time IS 'The risk decision behind it';
COMMENT ON COLUMN hydra.orders.position_id IS 'Null until filled';
COMMENT ON COLUMN hydra.orders.role IS 'ENTRY, STOP, TARGET or EXIT';
COMMENT ON COLUMN hydra.orders.order_type IS 'How it executes (OrderType)';
COMMENT ON COLUMN hydra.orders.side IS 'BUY or SELL';
COMMENT ON COLUMN hydra.orders.reduce_only IS 'Can only close';
COMMENT ON COLUMN hydra.orders.quantity IS 'Ordered, base units';
COMMENT ON COLUMN hydra.orders.limit_price IS 'Null for market orders';
COMMENT ON COLUMN hydra.orders.trigger_price IS 'Mark price that triggers stop or target';
COMMENT ON COLUMN hydra.orders.reference_price IS 'Mid (or last) at the decision: slippage counts from it';
COMMENT ON COLUMN hydra.orders.state IS 'Where it stands (OrderState)';
COMMENT ON COLUMN hydra.orders.filled_quantity IS 'Filled so far, base units';
COMMENT ON COLUMN hydra.orders.average_price IS 'Over its fills; null without';
COMMENT ON COLUMN hydra.orders.exchange_order_id IS
'The exchange''s id, of stops and targets that in its store of conditional orders; null until it answered, and on paper';
COMMENT ON COLUMN hydra.orders.child_order_id IS
'The exchange''s id of the ordinary order that a stop or target became when it was triggered; null: it was not';
COMMENT ON COLUMN hydra.orders.closes_position IS
'A stop that closes all that is held when it fires, also while an exit rests in the book; sent without a quantity';
COMMENT ON COLUMN hydra.orders.sent_time IS
'When the exchange was called, its clock; committed before the call. Null: it never was, so the exchange has no such order';
COMMENT ON COLUMN hydra.orders.cancel_wanted_time IS
'Since when it shall be cancelled, run''s clock; it works until the exchange says that it has ended';
COMMENT ON COLUMN hydra.orders.reason_code IS 'Why it was sent (exits) or ended (ReasonCode)';
COMMENT ON COLUMN hydra.orders.placed_time IS 'When it was decided, run''s clock';
COMMENT ON COLUMN hydra.orders.finished_time IS 'When it reached its last state, run''s clock';
COMMENT ON COLUMN hydra.orders.recorded_at IS 'Wall clock of the row';
COMMENT ON COLUMN hydra.orders.queue_ahead IS
'Base units before it in the recorded order book''s queue, after the last minute; null: no book says it';

CREATE TABLE hydra.order_events (
    order_id BIGINT NOT NULL,
    sequence INTEGER NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    reason_code TEXT,
    detail JSONB DEFAULT '{}'::jsonb NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT order_events_pkey PRIMARY KEY (order_id, sequence),
    CONSTRAINT order_events_state_check CHECK (state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED',
        'FILLED', 'CANCELED', 'REJECTED', 'EXPIRED', 'UNKNOWN')),
    CONSTRAINT order_events_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT order_events_order_id_fkey FOREIGN KEY(order_id)
        REFERENCES hydra.orders (order_id)
);
COMMENT ON TABLE hydra.order_events IS 'The life of every order, state by state';
COMMENT ON COLUMN hydra.order_events.order_id IS 'Order';
COMMENT ON COLUMN hydra.order_events.sequence IS 'From 1, without holes';
COMMENT ON COLUMN hydra.order_events.time IS 'When, run''s clock';
COMMENT ON COLUMN hydra.order_events.state IS 'The state it went into (OrderState)';
COMMENT ON COLUMN hydra.order_events.reason_code IS 'Why (ReasonCode)';
COMMENT ON COLUMN hydra.order_events.detail IS 'The exchange''s answer';
COMMENT ON COLUMN hydra.order_events.recorded_at IS 'Wall clock of the row';

CREATE TABLE hydra.fills (
    fill_id BIGINT GENERATED ALWAYS AS IDENTITY,
    order_id BIGINT NOT NULL,
    trade_id TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    price NUMERIC NOT NULL,
    quantity NUMERIC NOT NULL,
    fee_usd NUMERIC NOT NULL,
    is_maker BOOLEAN NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    evidence TEXT DEFAULT 'BAR' NOT NULL,
    CONSTRAINT fills_pkey PRIMARY KEY (fill_id),
    CONSTRAINT fills_evidence_check CHECK (evidence IN ('BAR', 'BOOK', 'EXCHANGE')),
    CONSTRAINT fills_amounts_check CHECK (price > 0 AND quantity > 0),
    CONSTRAINT fills_order_id_fkey FOREIGN KEY(order_id)
        REFERENCES hydra.orders (order_id)
);
CREATE UNIQUE INDEX fills_order_id_trade_id_idx ON hydra.fills (order_id, trade_id);
COMMENT ON TABLE hydra.fills IS 'Every fill of every order; a repeated report of a trade finds its row';
COMMENT ON COLUMN hydra.fills.fill_id IS 'Key';
COMMENT ON COLUMN hydra.fills.order_id IS 'Order';
COMMENT ON COLUMN hydra.fills.trade_id IS
'The exchange''s id of the trade, unique in its symbol: no trade is booked twice; on paper the order''s id and a number';
COMMENT ON COLUMN hydra.fills.time IS 'When, run''s clock';
COMMENT ON COLUMN hydra.fills.price IS 'Price';
COMMENT ON COLUMN hydra.fills.quantity IS 'Base units';
COMMENT ON COLUMN hydra.fills.fee_usd IS 'Fee, USDT, positive: cost';
COMMENT ON COLUMN hydra.fills.is_maker IS 'True: we provided the liquidity';
COMMENT ON COLUMN hydra.fills.recorded_at IS 'Wall clock of the row';
COMMENT ON COLUMN hydra.fills.evidence IS
'What says that it filled: BAR: the minute''s bar (C126); BOOK: recorded trades behind the book''s queue; EXCHANGE: its trade';

CREATE TABLE hydra.equity (
    run_id BIGINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    cash_usd NUMERIC NOT NULL,
    unrealised_usd NUMERIC NOT NULL,
    equity_usd NUMERIC NOT NULL,
    day_peak_usd NUMERIC NOT NULL,
    peak_usd NUMERIC NOT NULL,
    exposure_usd NUMERIC NOT NULL,
    portfolio_heat FLOAT(53) NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    stale_positions SMALLINT DEFAULT 0 NOT NULL,
    CONSTRAINT equity_pkey PRIMARY KEY (run_id, time),
    CONSTRAINT equity_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id)
);
COMMENT ON TABLE hydra.equity IS 'Cash, unrealised profit and exposure of a run, one row a cycle';
COMMENT ON COLUMN hydra.equity.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.equity.time IS 'The decided minute';
COMMENT ON COLUMN hydra.equity.cash_usd IS 'Wallet balance, USDT';
COMMENT ON COLUMN hydra.equity.unrealised_usd IS 'Open positions at mark, USDT';
COMMENT ON COLUMN hydra.equity.equity_usd IS 'cash + unrealised (C122)';
COMMENT ON COLUMN hydra.equity.day_peak_usd IS 'Highest equity since 00:00 UTC';
COMMENT ON COLUMN hydra.equity.peak_usd IS 'Highest equity of the run';
COMMENT ON COLUMN hydra.equity.exposure_usd IS 'Sum of open notionals, working entries included (C120)';
COMMENT ON COLUMN hydra.equity.portfolio_heat IS 'Sum of what all stops together would lose, fraction of equity';
COMMENT ON COLUMN hydra.equity.recorded_at IS 'Wall clock of the row';
COMMENT ON COLUMN hydra.equity.stale_positions IS
'Open positions whose last known price is older than five minutes (C132)';

CREATE TABLE hydra.kill_switch (
    kill_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    scope TEXT NOT NULL,
    instrument_id SMALLINT,
    latched_time TIMESTAMP WITH TIME ZONE NOT NULL,
    cause TEXT NOT NULL,
    numbers JSONB DEFAULT '{}'::jsonb NOT NULL,
    cleared_time TIMESTAMP WITH TIME ZONE,
    cleared_by TEXT,
    clear_reason TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT kill_switch_pkey PRIMARY KEY (kill_id),
    CONSTRAINT kill_switch_scope_check CHECK (scope IN ('portfolio', 'pair')),
    CONSTRAINT kill_switch_scope_instrument_check CHECK ((scope = 'pair') = (instrument_id IS NOT NULL)),
    CONSTRAINT kill_switch_clearing_is_complete_check CHECK ((cleared_time IS NULL) = (cleared_by IS
        NULL) AND (cleared_time IS NULL) = (clear_reason IS NULL)),
    CONSTRAINT kill_switch_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT kill_switch_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
CREATE UNIQUE INDEX kill_switch_one_latched_idx ON hydra.kill_switch (run_id, coalesce(instrument_id, 0)) WHERE cleared_time IS NULL;
COMMENT ON TABLE hydra.kill_switch IS 'The kill switch: latched with cause and numbers, cleared only with a name and a reason (C123)';
COMMENT ON COLUMN hydra.kill_switch.kill_id IS 'Key';
COMMENT ON COLUMN hydra.kill_switch.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.kill_switch.scope IS 'portfolio or pair (C20)';
COMMENT ON COLUMN hydra.kill_switch.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.kill_switch.latched_time IS 'When it latched, run''s clock';
COMMENT ON COLUMN hydra.kill_switch.cause IS 'The kill condition, or the operator''s words';
COMMENT ON COLUMN hydra.kill_switch.numbers IS 'The numbers behind the cause, by name';
COMMENT ON COLUMN hydra.kill_switch.cleared_time IS 'When it was cleared, run''s clock; null: still latched';
COMMENT ON COLUMN hydra.kill_switch.cleared_by IS 'Who cleared it';
COMMENT ON COLUMN hydra.kill_switch.clear_reason IS 'Why it was cleared, in the operator''s words';
COMMENT ON COLUMN hydra.kill_switch.recorded_at IS 'Wall clock of the row';
