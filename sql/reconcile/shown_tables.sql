-- Temporary tables for what the exchange shows of an account; they end with the transaction.
-- Of an order that was asked for by its id and not found, state is null.
CREATE TEMPORARY TABLE shown_orders (
    client_order_id TEXT NOT NULL,
    exchange_order_id TEXT,
    symbol TEXT NOT NULL,
    is_conditional BOOLEAN NOT NULL,
    order_type TEXT,
    state TEXT,
    is_buy BOOLEAN,
    quantity NUMERIC,
    filled_quantity NUMERIC,
    limit_price NUMERIC,
    trigger_price NUMERIC,
    child_order_id TEXT
) ON COMMIT DROP;
CREATE TEMPORARY TABLE shown_trades (
    symbol TEXT NOT NULL,
    trade_id TEXT NOT NULL,
    exchange_order_id TEXT NOT NULL,
    client_order_id TEXT,
    is_buy BOOLEAN NOT NULL,
    price NUMERIC NOT NULL,
    quantity NUMERIC NOT NULL,
    -- Null: not in USDT.
    fee_usd NUMERIC,
    is_maker BOOLEAN NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE shown_positions (
    symbol TEXT NOT NULL,
    quantity NUMERIC NOT NULL,
    entry_price NUMERIC NOT NULL,
    leverage NUMERIC,
    is_isolated BOOLEAN NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE shown_balances (
    wallet_usd NUMERIC NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE shown_income (
    kind TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol TEXT NOT NULL,
    trade_id TEXT,
    asset TEXT NOT NULL,
    amount NUMERIC NOT NULL
) ON COMMIT DROP;
