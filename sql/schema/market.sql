-- Schema market: the tables around the facts (instruments, filters, import bookkeeping).

CREATE SCHEMA market;
COMMENT ON SCHEMA market IS 'Facts: written once, with the time they were true and the time they became known';

CREATE TABLE market.instruments (
    instrument_id SMALLINT NOT NULL,
    venue TEXT NOT NULL,
    kind TEXT NOT NULL,
    symbol TEXT NOT NULL,
    exchange_symbol TEXT NOT NULL,
    base TEXT NOT NULL,
    quote TEXT NOT NULL,
    aliases TEXT[] NOT NULL,
    CONSTRAINT instruments_pkey PRIMARY KEY (instrument_id),
    CONSTRAINT instruments_kind_check CHECK (kind IN ('perpetual', 'spot'))
);
CREATE UNIQUE INDEX instruments_venue_kind_exchange_symbol_idx ON market.instruments (venue, kind, exchange_symbol);
COMMENT ON TABLE market.instruments IS 'What is traded or watched: one row per venue, kind and symbol';
COMMENT ON COLUMN market.instruments.instrument_id IS 'Key; never reused';
COMMENT ON COLUMN market.instruments.venue IS 'The exchange, e.g. binance';
COMMENT ON COLUMN market.instruments.kind IS 'perpetual or spot (C124)';
COMMENT ON COLUMN market.instruments.symbol IS 'HYDRA''s key: ccxt''s unified symbol (C21)';
COMMENT ON COLUMN market.instruments.exchange_symbol IS 'The exchange''s own name, e.g. BTCUSDT';
COMMENT ON COLUMN market.instruments.base IS 'Base asset';
COMMENT ON COLUMN market.instruments.quote IS 'Quote asset';
COMMENT ON COLUMN market.instruments.aliases IS 'Other names of the same instrument (C21)';

CREATE TABLE market.instrument_filters (
    instrument_id SMALLINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    tick_size NUMERIC NOT NULL,
    step_size NUMERIC NOT NULL,
    min_quantity NUMERIC NOT NULL,
    max_quantity NUMERIC NOT NULL,
    max_market_quantity NUMERIC NOT NULL,
    min_notional_usd NUMERIC NOT NULL,
    funding_interval_hours SMALLINT NOT NULL,
    source TEXT NOT NULL,
    funding_rate_cap NUMERIC,
    funding_rate_floor NUMERIC,
    price_multiplier_up NUMERIC,
    price_multiplier_down NUMERIC,
    is_trading BOOLEAN DEFAULT true NOT NULL,
    CONSTRAINT instrument_filters_pkey PRIMARY KEY (instrument_id, valid_from),
    CONSTRAINT instrument_filters_instrument_id_fkey FOREIGN KEY(instrument_id) REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE market.instrument_filters IS 'The exchange''s order filters of an instrument, dated (C127)';
COMMENT ON COLUMN market.instrument_filters.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.instrument_filters.valid_from IS 'From when these filters hold';
COMMENT ON COLUMN market.instrument_filters.tick_size IS 'Smallest price step, quote units';
COMMENT ON COLUMN market.instrument_filters.step_size IS 'Smallest quantity step, base units';
COMMENT ON COLUMN market.instrument_filters.min_quantity IS 'Smallest order quantity, base units';
COMMENT ON COLUMN market.instrument_filters.max_quantity IS 'Largest limit-order quantity, base units';
COMMENT ON COLUMN market.instrument_filters.max_market_quantity IS 'Largest market-order quantity, base units';
COMMENT ON COLUMN market.instrument_filters.min_notional_usd IS 'Smallest order value, USDT';
COMMENT ON COLUMN market.instrument_filters.funding_interval_hours IS 'Hours between settlements';
COMMENT ON COLUMN market.instrument_filters.source IS 'Where the numbers come from, with date (C127)';
COMMENT ON COLUMN market.instrument_filters.funding_rate_cap IS 'Highest rate of a settlement, fraction; null if unknown';
COMMENT ON COLUMN market.instrument_filters.funding_rate_floor IS 'Lowest rate of a settlement, fraction; null if unknown';
COMMENT ON COLUMN market.instrument_filters.price_multiplier_up IS 'A buy may cost at most mark price x this; null if unknown';
COMMENT ON COLUMN market.instrument_filters.price_multiplier_down IS 'A sale may ask at least mark price x this; null if unknown';
COMMENT ON COLUMN market.instrument_filters.is_trading IS 'False: the exchange has halted or delisted it';

CREATE TABLE market.leverage_brackets (
    instrument_id SMALLINT NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
    bracket SMALLINT NOT NULL,
    notional_floor_usd NUMERIC NOT NULL,
    notional_cap_usd NUMERIC NOT NULL,
    maintenance_margin_rate NUMERIC NOT NULL,
    cumulative_usd NUMERIC NOT NULL,
    initial_leverage SMALLINT NOT NULL,
    source TEXT NOT NULL,
    CONSTRAINT leverage_brackets_pkey PRIMARY KEY (instrument_id, valid_from, bracket),
    CONSTRAINT leverage_brackets_instrument_id_fkey FOREIGN KEY(instrument_id) REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE market.leverage_brackets IS 'Maintenance-margin brackets of an instrument, dated; liquidation prices come from here';
COMMENT ON COLUMN market.leverage_brackets.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.leverage_brackets.valid_from IS 'From when these brackets hold';
COMMENT ON COLUMN market.leverage_brackets.bracket IS '1 is the smallest';
COMMENT ON COLUMN market.leverage_brackets.notional_floor_usd IS 'Lower edge of the notional, USDT';
COMMENT ON COLUMN market.leverage_brackets.notional_cap_usd IS 'Upper edge of the notional, USDT';
COMMENT ON COLUMN market.leverage_brackets.maintenance_margin_rate IS 'Fraction of the notional';
COMMENT ON COLUMN market.leverage_brackets.cumulative_usd IS 'Maintenance amount deducted, USDT';
COMMENT ON COLUMN market.leverage_brackets.initial_leverage IS 'Highest leverage in this bracket';
COMMENT ON COLUMN market.leverage_brackets.source IS 'Where the numbers come from, with date (C127)';

CREATE TABLE market.import_batches (
    batch_id BIGINT GENERATED ALWAYS AS IDENTITY,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    layout TEXT NOT NULL,
    target_table TEXT NOT NULL,
    rows_read BIGINT NOT NULL,
    rows_inserted BIGINT NOT NULL,
    rows_unchanged BIGINT NOT NULL,
    rows_revised BIGINT NOT NULL,
    rows_quarantined BIGINT NOT NULL,
    first_time TIMESTAMP WITH TIME ZONE,
    last_time TIMESTAMP WITH TIME ZONE,
    ingested_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    rollups_fresh BOOLEAN NOT NULL,
    rows_replaced BIGINT DEFAULT 0 NOT NULL,
    prices_accepted BOOLEAN DEFAULT false NOT NULL,
    imported_by TEXT,
    reason TEXT,
    CONSTRAINT import_batches_pkey PRIMARY KEY (batch_id)
);
COMMENT ON TABLE market.import_batches IS 'One row per file and import: what came in, what did not, and when';
COMMENT ON COLUMN market.import_batches.batch_id IS 'Key';
COMMENT ON COLUMN market.import_batches.path IS 'The file as named by the user';
COMMENT ON COLUMN market.import_batches.sha256 IS 'Of the file''s bytes';
COMMENT ON COLUMN market.import_batches.layout IS 'The recognised layout of the file';
COMMENT ON COLUMN market.import_batches.target_table IS 'Where its rows went';
COMMENT ON COLUMN market.import_batches.rows_read IS 'Rows in the file';
COMMENT ON COLUMN market.import_batches.rows_inserted IS 'Rows that were new';
COMMENT ON COLUMN market.import_batches.rows_unchanged IS 'Rows already stored with the same values';
COMMENT ON COLUMN market.import_batches.rows_revised IS 'Rows stored with other values: kept aside (C125)';
COMMENT ON COLUMN market.import_batches.rows_quarantined IS 'Rows that were refused, with reasons';
COMMENT ON COLUMN market.import_batches.first_time IS 'Earliest fact in the file';
COMMENT ON COLUMN market.import_batches.last_time IS 'Latest fact in the file';
COMMENT ON COLUMN market.import_batches.ingested_at IS 'When it was imported';
COMMENT ON COLUMN market.import_batches.rollups_fresh IS 'False until every rollup covers these rows';
COMMENT ON COLUMN market.import_batches.rows_replaced IS 'Stored facts that took the values of this file (hydra import --revise)';
COMMENT ON COLUMN market.import_batches.prices_accepted IS 'True: its prices were not held against others (hydra import --accept-prices)';
COMMENT ON COLUMN market.import_batches.imported_by IS 'USER as LOGIN: the user of the machine and the login of the database; null for generated markets';
COMMENT ON COLUMN market.import_batches.reason IS 'Why facts may be replaced or prices accepted, in the operator''s words';

CREATE TABLE market.quarantine (
    quarantine_id BIGINT GENERATED ALWAYS AS IDENTITY,
    batch_id BIGINT,
    origin TEXT NOT NULL,
    line BIGINT,
    target_table TEXT NOT NULL,
    reason TEXT NOT NULL,
    raw JSONB NOT NULL,
    quarantined_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT quarantine_pkey PRIMARY KEY (quarantine_id),
    CONSTRAINT quarantine_batch_id_fkey FOREIGN KEY(batch_id) REFERENCES market.import_batches (batch_id)
);
CREATE INDEX quarantine_origin_line_idx ON market.quarantine (origin, line);
COMMENT ON TABLE market.quarantine IS 'Rows that were refused: where they came from, what they said, which rule they broke';
COMMENT ON COLUMN market.quarantine.quarantine_id IS 'Key';
COMMENT ON COLUMN market.quarantine.batch_id IS 'Null for live feeds';
COMMENT ON COLUMN market.quarantine.origin IS 'File or feed that the row came from';
COMMENT ON COLUMN market.quarantine.line IS 'Line or row number in the file, from 1, header included';
COMMENT ON COLUMN market.quarantine.target_table IS 'Where the row would have gone';
COMMENT ON COLUMN market.quarantine.reason IS 'Which rule it broke';
COMMENT ON COLUMN market.quarantine.raw IS 'The row as it came';
COMMENT ON COLUMN market.quarantine.quarantined_at IS 'When';

CREATE TABLE market.revisions (
    revision_id BIGINT GENERATED ALWAYS AS IDENTITY,
    batch_id BIGINT,
    target_table TEXT NOT NULL,
    key JSONB NOT NULL,
    stored JSONB NOT NULL,
    offered JSONB NOT NULL,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    applied BOOLEAN DEFAULT 'false' NOT NULL,
    reason TEXT,
    applied_at TIMESTAMP WITH TIME ZONE,
    applied_by TEXT,
    CONSTRAINT revisions_pkey PRIMARY KEY (revision_id),
    CONSTRAINT revisions_batch_id_fkey FOREIGN KEY(batch_id) REFERENCES market.import_batches (batch_id),
    CONSTRAINT revisions_applied_is_recorded_check CHECK (
        applied = (applied_at IS NOT NULL) AND applied = (applied_by IS NOT NULL)
        AND (NOT applied OR reason IS NOT NULL AND batch_id IS NOT NULL)
    )
);
CREATE UNIQUE INDEX revisions_target_table_key_offered_idx ON market.revisions (target_table, key, offered)
    WHERE NOT applied;
CREATE INDEX revisions_target_table_applied_at_idx ON market.revisions (target_table, applied_at) WHERE applied;
COMMENT ON TABLE market.revisions IS
'Facts that arrived again with other values: the first stays, the other is kept here, until a repair applies it (C125)';
COMMENT ON COLUMN market.revisions.revision_id IS 'Key';
COMMENT ON COLUMN market.revisions.batch_id IS
'The file that brought the later values, of applied ones the file of the repair; null for live feeds';
COMMENT ON COLUMN market.revisions.target_table IS 'The table of the fact';
COMMENT ON COLUMN market.revisions.key IS 'The fact''s primary key';
COMMENT ON COLUMN market.revisions.stored IS
'The fact as it was stored; of an applied revision the fact as it was until applied_at, which reads of then still see';
COMMENT ON COLUMN market.revisions.offered IS 'The values that arrived later';
COMMENT ON COLUMN market.revisions.known_at IS 'When the later values became known';
COMMENT ON COLUMN market.revisions.applied IS 'True: a repair replaced the fact';
COMMENT ON COLUMN market.revisions.reason IS 'Why a repair was made, in the operator''s words';
COMMENT ON COLUMN market.revisions.applied_at IS 'When the repair was made: from then on the fact has the later values and this known_at';
COMMENT ON COLUMN market.revisions.applied_by IS 'The user of the machine and the login of the database that made the repair';

CREATE TABLE market.gaps (
    source_table TEXT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    gap_start TIMESTAMP WITH TIME ZONE NOT NULL,
    gap_end TIMESTAMP WITH TIME ZONE NOT NULL,
    missing_rows BIGINT NOT NULL,
    detected_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    cause TEXT DEFAULT 'GRID' NOT NULL,
    filled_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT gaps_pkey PRIMARY KEY (source_table, instrument_id, gap_start),
    CONSTRAINT gaps_instrument_id_fkey FOREIGN KEY(instrument_id) REFERENCES market.instruments (instrument_id),
    CONSTRAINT gaps_cause_check CHECK (cause IN ('GRID', 'SEQUENCE', 'SILENT'))
);
COMMENT ON TABLE market.gaps IS 'Holes in facts; features over a hole are null, never interpolated';
COMMENT ON COLUMN market.gaps.source_table IS 'The table with the hole';
COMMENT ON COLUMN market.gaps.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.gaps.gap_start IS 'First missing time on the grid, inclusive; off a grid: the last fact before the hole';
COMMENT ON COLUMN market.gaps.gap_end IS 'First present time after the hole, exclusive';
COMMENT ON COLUMN market.gaps.missing_rows IS 'How many grid points or numbered facts are missing; 0: not known';
COMMENT ON COLUMN market.gaps.detected_at IS 'When it was found';
COMMENT ON COLUMN market.gaps.cause IS
'GRID: a row of the grid is missing; SEQUENCE: numbered facts are missing; SILENT: the feed was not heard';
COMMENT ON COLUMN market.gaps.filled_at IS 'When later facts closed it; null: it is still a hole';
