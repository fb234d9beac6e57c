-- From a database of revision 0012 to the schema of sql/schema; sql/schema/feeds.sql is run beside it.
-- Not run for empty databases: they are built from sql/schema.

-- What a connected exchange says of an instrument.
ALTER TABLE market.instrument_filters
    ADD COLUMN funding_rate_cap NUMERIC,
    ADD COLUMN funding_rate_floor NUMERIC,
    ADD COLUMN price_multiplier_up NUMERIC,
    ADD COLUMN price_multiplier_down NUMERIC,
    ADD COLUMN is_trading BOOLEAN DEFAULT true NOT NULL;
COMMENT ON COLUMN market.instrument_filters.funding_rate_cap IS 'Highest rate of a settlement, fraction; null if unknown';
COMMENT ON COLUMN market.instrument_filters.funding_rate_floor IS 'Lowest rate of a settlement, fraction; null if unknown';
COMMENT ON COLUMN market.instrument_filters.price_multiplier_up IS 'A buy may cost at most mark price x this; null if unknown';
COMMENT ON COLUMN market.instrument_filters.price_multiplier_down IS 'A sale may ask at least mark price x this; null if unknown';
COMMENT ON COLUMN market.instrument_filters.is_trading IS 'False: the exchange has halted or delisted it';

-- Holes that have no grid: numbered trades, order books, forced orders.
ALTER TABLE market.gaps
    ADD COLUMN cause TEXT DEFAULT 'GRID' NOT NULL,
    ADD COLUMN filled_at TIMESTAMP WITH TIME ZONE,
    ADD CONSTRAINT gaps_cause_check CHECK (cause IN ('GRID', 'SEQUENCE', 'SILENT'));
COMMENT ON TABLE market.gaps IS 'Holes in facts; features over a hole are null, never interpolated';
COMMENT ON COLUMN market.gaps.gap_start IS 'First missing time on the grid, inclusive; off a grid: the last fact before the hole';
COMMENT ON COLUMN market.gaps.gap_end IS 'First present time after the hole, exclusive';
COMMENT ON COLUMN market.gaps.missing_rows IS 'How many grid points or numbered facts are missing; 0: not known';
COMMENT ON COLUMN market.gaps.cause IS
'GRID: a row of the grid is missing; SEQUENCE: numbered facts are missing; SILENT: the feed was not heard';
COMMENT ON COLUMN market.gaps.filled_at IS 'When later facts closed it; null: it is still a hole';

-- What a paper fill rests on.
ALTER TABLE hydra.fills
    ADD COLUMN evidence TEXT DEFAULT 'BAR' NOT NULL,
    ADD CONSTRAINT fills_evidence_check CHECK (evidence IN ('BAR', 'BOOK'));
COMMENT ON COLUMN hydra.fills.evidence IS
'What says that it filled: BAR: the minute''s bar (C126); BOOK: recorded trades behind the recorded order book''s queue';

COMMENT ON COLUMN hydra.locks.name IS 'What is locked: run N, import, audits, generated market, terms';
-- The market of a run may come from a connected exchange, which may be a simulated one.
ALTER TABLE hydra.runs
    DROP CONSTRAINT runs_label_check,
    ADD CONSTRAINT runs_label_check CHECK ((market_origin, label) IN (
        ('generated', 'simulated'), ('recorded', 'recorded'),
        ('exchange', 'live'), ('exchange', 'demo'), ('exchange', 'simulated')
    ));
COMMENT ON COLUMN hydra.runs.label IS 'Shown beside every number: simulated, recorded, demo or live';

-- Why a minute was skipped.
ALTER TABLE hydra.cycles
    ADD COLUMN reason_code TEXT,
    ADD CONSTRAINT cycles_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
COMMENT ON COLUMN hydra.cycles.reason_code IS 'Why it was skipped (hydra.reason_codes); null otherwise';
COMMENT ON COLUMN hydra.cycles.as_of IS
'Only facts known by then may be used; of a skipped minute: the time on the exchange when it was skipped';
ALTER TABLE hydra.orders ADD COLUMN queue_ahead NUMERIC;
COMMENT ON COLUMN hydra.orders.queue_ahead IS
'Base units before it in the recorded order book''s queue, after the last minute; null: no book says it';
