-- Schema hydra: what the exchange says of a run's account, compared with the tables.

CREATE TABLE hydra.reconciliations (
    reconciliation_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    cause TEXT NOT NULL,
    duration_s NUMERIC,
    differences INTEGER,
    left_open INTEGER,
    wallet_usd NUMERIC,
    booked_usd NUMERIC,
    begins_ledger BOOLEAN DEFAULT false NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT reconciliations_pkey PRIMARY KEY (reconciliation_id),
    CONSTRAINT reconciliations_cause_check CHECK (cause IN ('START', 'RECONNECT', 'MINUTE', 'OPERATOR')),
    CONSTRAINT reconciliations_end_check CHECK (
        num_nulls(duration_s, differences, left_open, wallet_usd, booked_usd) IN (0, 5)
        AND (NOT begins_ledger OR wallet_usd IS NOT NULL)
    ),
    CONSTRAINT reconciliations_run_id_fkey FOREIGN KEY(run_id) REFERENCES hydra.runs (run_id)
);
CREATE INDEX reconciliations_run_id_time_idx ON hydra.reconciliations (run_id, time);
COMMENT ON TABLE hydra.reconciliations IS 'Comparisons of a run''s orders, positions and money with its account at the exchange';
COMMENT ON COLUMN hydra.reconciliations.reconciliation_id IS 'Key';
COMMENT ON COLUMN hydra.reconciliations.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.reconciliations.time IS 'The exchange''s time when it was asked';
COMMENT ON COLUMN hydra.reconciliations.cause IS 'START, RECONNECT, MINUTE or OPERATOR (ReconciliationCause)';
COMMENT ON COLUMN hydra.reconciliations.duration_s IS 'How long it took, seconds of this machine; null like the columns after it: it did not come to its end';
COMMENT ON COLUMN hydra.reconciliations.differences IS 'How many differences it found anew';
COMMENT ON COLUMN hydra.reconciliations.left_open IS 'How many stood at its end, older ones included';
COMMENT ON COLUMN hydra.reconciliations.wallet_usd IS 'The wallet at the exchange, USDT, unrealised profit not included';
COMMENT ON COLUMN hydra.reconciliations.booked_usd IS 'What the run''s positions had received and paid by then, USDT';
COMMENT ON COLUMN hydra.reconciliations.begins_ledger IS
'Later wallets are compared with this one: the first of a run, or one that an operator has taken over';
COMMENT ON COLUMN hydra.reconciliations.recorded_at IS 'Wall clock of the row';

CREATE TABLE hydra.account_differences (
    difference_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    found_in BIGINT NOT NULL,
    found_time TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    symbol TEXT NOT NULL,
    instrument_id SMALLINT,
    subject TEXT NOT NULL,
    in_tables JSONB,
    at_exchange JSONB,
    blocks_entries BOOLEAN NOT NULL,
    done TEXT NOT NULL,
    mended_time TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT account_differences_pkey PRIMARY KEY (difference_id),
    CONSTRAINT account_differences_kind_check CHECK (kind IN ('ORDER_UNKNOWN', 'ORDER_CHANGED', 'ORDER_ARRIVED',
        'ORDER_ENDED', 'ORDER_NOT_FOUND', 'ORDER_LIVES_ON', 'FILL_MISSED', 'FILL_NOT_FOUND', 'FILL_DIFFERS',
        'POSITION_UNKNOWN', 'POSITION_DIFFERS', 'POSITION_CLOSED', 'POSITION_UNPROTECTED', 'LEVERAGE_DIFFERS',
        'BALANCE_DIFFERS', 'INCOME_DIFFERS')),
    CONSTRAINT account_differences_run_id_fkey FOREIGN KEY(run_id) REFERENCES hydra.runs (run_id),
    CONSTRAINT account_differences_found_in_fkey FOREIGN KEY(found_in)
        REFERENCES hydra.reconciliations (reconciliation_id),
    CONSTRAINT account_differences_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
CREATE UNIQUE INDEX account_differences_one_open_idx ON hydra.account_differences (run_id, kind, symbol, subject)
WHERE mended_time IS NULL;
CREATE INDEX account_differences_found_in_idx ON hydra.account_differences (found_in);
COMMENT ON TABLE hydra.account_differences IS
'What the tables and the exchange say differently: one row from its finding to its end, one open per kind and subject';
COMMENT ON COLUMN hydra.account_differences.difference_id IS 'Key';
COMMENT ON COLUMN hydra.account_differences.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.account_differences.found_in IS 'The comparison that found it (hydra.reconciliations)';
COMMENT ON COLUMN hydra.account_differences.found_time IS 'The exchange''s time then';
COMMENT ON COLUMN hydra.account_differences.kind IS 'What differs (DifferenceKind)';
COMMENT ON COLUMN hydra.account_differences.symbol IS 'The pair as the exchange names it; USDT for the balance';
COMMENT ON COLUMN hydra.account_differences.instrument_id IS 'The instrument (market.instruments); null: none of the run';
COMMENT ON COLUMN hydra.account_differences.subject IS 'The id of the order, trade or transaction; empty for a position or a balance';
COMMENT ON COLUMN hydra.account_differences.in_tables IS 'What the tables say, by name; null: nothing';
COMMENT ON COLUMN hydra.account_differences.at_exchange IS 'What the exchange says, by name; null: nothing';
COMMENT ON COLUMN hydra.account_differences.blocks_entries IS 'Whether the pair is not entered while it stands';
COMMENT ON COLUMN hydra.account_differences.done IS 'What HYDRA did about it, in words; empty: nothing yet';
COMMENT ON COLUMN hydra.account_differences.mended_time IS 'The exchange''s time when both said the same again; null: it stands';
COMMENT ON COLUMN hydra.account_differences.recorded_at IS 'Wall clock of the row';

CREATE TABLE hydra.exchange_income (
    run_id BIGINT NOT NULL,
    kind TEXT NOT NULL,
    transaction_id TEXT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    symbol TEXT NOT NULL,
    trade_id TEXT,
    asset TEXT NOT NULL,
    amount NUMERIC NOT NULL,
    position_id BIGINT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT exchange_income_pkey PRIMARY KEY (run_id, kind, transaction_id, symbol),
    CONSTRAINT exchange_income_run_id_fkey FOREIGN KEY(run_id) REFERENCES hydra.runs (run_id),
    CONSTRAINT exchange_income_position_id_fkey FOREIGN KEY(position_id) REFERENCES hydra.positions (position_id)
);
CREATE INDEX exchange_income_run_id_time_idx ON hydra.exchange_income (run_id, time);
COMMENT ON TABLE hydra.exchange_income IS 'Every change of the wallet as the exchange books it, since a run began to compare';
COMMENT ON COLUMN hydra.exchange_income.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.exchange_income.kind IS 'As the exchange names it: FUNDING_FEE, COMMISSION, REALIZED_PNL, TRANSFER, INSURANCE_CLEAR ...';
COMMENT ON COLUMN hydra.exchange_income.transaction_id IS 'The exchange''s id, unique within a kind';
COMMENT ON COLUMN hydra.exchange_income.time IS 'When, exchange''s clock';
COMMENT ON COLUMN hydra.exchange_income.symbol IS 'The pair as the exchange names it; empty for a transfer';
COMMENT ON COLUMN hydra.exchange_income.trade_id IS 'The trade that it belongs to; null: none';
COMMENT ON COLUMN hydra.exchange_income.asset IS 'What the amount is in';
COMMENT ON COLUMN hydra.exchange_income.amount IS 'Positive: received';
COMMENT ON COLUMN hydra.exchange_income.position_id IS
'The position that it was booked to: funding, and the costs of a liquidation; null: fills hold it, or none of the run has it';
COMMENT ON COLUMN hydra.exchange_income.recorded_at IS 'Wall clock of the row';

CREATE TABLE hydra.operator_requests (
    request_id BIGINT GENERATED ALWAYS AS IDENTITY,
    run_id BIGINT NOT NULL,
    verb TEXT NOT NULL,
    symbol TEXT NOT NULL,
    instrument_id SMALLINT,
    stop_price NUMERIC,
    target_price NUMERIC,
    max_holding_hours NUMERIC,
    requested_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    requested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    answer TEXT,
    is_done BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT operator_requests_pkey PRIMARY KEY (request_id),
    CONSTRAINT operator_requests_verb_check CHECK (verb IN ('ADOPT', 'FLATTEN')),
    CONSTRAINT operator_requests_answer_check CHECK ((answered_at IS NULL) = (answer IS NULL)),
    CONSTRAINT operator_requests_run_id_fkey FOREIGN KEY(run_id) REFERENCES hydra.runs (run_id),
    CONSTRAINT operator_requests_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
CREATE UNIQUE INDEX operator_requests_one_open_idx ON hydra.operator_requests (run_id, symbol) WHERE answered_at IS NULL;
COMMENT ON TABLE hydra.operator_requests IS 'What an operator has asked for at the exchange, with who, why and what came of it';
COMMENT ON COLUMN hydra.operator_requests.request_id IS 'Key';
COMMENT ON COLUMN hydra.operator_requests.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.operator_requests.verb IS 'ADOPT: take the position over; FLATTEN: close and cancel everything of the pair';
COMMENT ON COLUMN hydra.operator_requests.symbol IS 'The pair as the exchange names it; USDT: the balance';
COMMENT ON COLUMN hydra.operator_requests.instrument_id IS 'The instrument (market.instruments); null: none of the run';
COMMENT ON COLUMN hydra.operator_requests.stop_price IS 'Of a position that is taken over';
COMMENT ON COLUMN hydra.operator_requests.target_price IS 'Of a position that is taken over';
COMMENT ON COLUMN hydra.operator_requests.max_holding_hours IS 'A position that is taken over is closed after so long';
COMMENT ON COLUMN hydra.operator_requests.requested_by IS 'Who asked';
COMMENT ON COLUMN hydra.operator_requests.reason IS 'Why, in the operator''s words';
COMMENT ON COLUMN hydra.operator_requests.requested_at IS 'Wall clock of the row';
COMMENT ON COLUMN hydra.operator_requests.answered_at IS 'Wall clock of the answer; null: it waits for the process that trades';
COMMENT ON COLUMN hydra.operator_requests.answer IS 'What came of it, in words';
COMMENT ON COLUMN hydra.operator_requests.is_done IS 'False: it waits, or was refused';
