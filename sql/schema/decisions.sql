-- Schema hydra: runs and their versions, cycles, features as used, and the verdicts of layers 2 to 4.
-- The key of a verdict is run, minute and pair, so a repeated message finds its row; the minute comes first because
-- every stage reads one minute of all pairs.

CREATE TABLE hydra.runs (
    run_id BIGINT GENERATED ALWAYS AS IDENTITY,
    mode TEXT NOT NULL,
    market_origin TEXT NOT NULL,
    label TEXT NOT NULL,
    seed BIGINT,
    feeds TEXT[] NOT NULL,
    config JSONB NOT NULL,
    config_hash TEXT NOT NULL,
    readings_hash TEXT NOT NULL,
    feature_set_version TEXT NOT NULL,
    cost_model_version TEXT NOT NULL,
    code_version TEXT NOT NULL,
    data_from TIMESTAMP WITH TIME ZONE,
    data_to TIMESTAMP WITH TIME ZONE,
    data_hash TEXT,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    end_reason TEXT,
    CONSTRAINT runs_pkey PRIMARY KEY (run_id),
    CONSTRAINT runs_mode_check CHECK (mode IN ('paper', 'testnet', 'live', 'backtest')),
    CONSTRAINT runs_market_origin_check CHECK (market_origin IN ('generated', 'recorded', 'exchange')),
    CONSTRAINT runs_label_check CHECK ((market_origin, label) IN (
        ('generated', 'simulated'), ('recorded', 'recorded'),
        ('exchange', 'live'), ('exchange', 'demo'), ('exchange', 'simulated'),
        ('generated', 'simulated, in sample'), ('recorded', 'recorded, in sample'),
        ('exchange', 'live, in sample'), ('exchange', 'demo, in sample'), ('exchange', 'simulated, in sample')
    ))
);
COMMENT ON TABLE hydra.runs IS 'One row per run: which market, which rules, which code; every decision names its run';
COMMENT ON COLUMN hydra.runs.run_id IS 'Key';
COMMENT ON COLUMN hydra.runs.mode IS 'Where orders go: paper, testnet, live; or backtest';
COMMENT ON COLUMN hydra.runs.market_origin IS 'Where the market comes from: generated, recorded, exchange';
COMMENT ON COLUMN hydra.runs.label IS
'Shown beside every number: simulated, recorded, demo or live; in sample: its model was trained on these minutes';
COMMENT ON COLUMN hydra.runs.seed IS 'Seed of a generated market';
COMMENT ON COLUMN hydra.runs.feeds IS 'Declared feeds: stale or missing blocks (C111)';
COMMENT ON COLUMN hydra.runs.config IS 'Every setting of the run, and the speed of its clock; no secrets';
COMMENT ON COLUMN hydra.runs.config_hash IS 'sha256 of config without the speed';
COMMENT ON COLUMN hydra.runs.readings_hash IS 'Hash of the readings (hydra/readings.toml)';
COMMENT ON COLUMN hydra.runs.feature_set_version IS 'Version of the feature definitions';
COMMENT ON COLUMN hydra.runs.cost_model_version IS 'Version of the cost model (law 7)';
COMMENT ON COLUMN hydra.runs.code_version IS
'Commit of the code, + and a hash where it was changed. With readings, features and costs: the version in force';
COMMENT ON COLUMN hydra.runs.data_from IS 'First decided minute; null: from the start';
COMMENT ON COLUMN hydra.runs.data_to IS 'End of the decided range; null: open-ended';
COMMENT ON COLUMN hydra.runs.data_hash IS 'Hash of the facts used; null while a live run goes on';
COMMENT ON COLUMN hydra.runs.started_at IS 'Wall clock';
COMMENT ON COLUMN hydra.runs.ended_at IS 'Wall clock of the end; null while running';
COMMENT ON COLUMN hydra.runs.end_reason IS 'finished, stopped, or what went wrong';

CREATE TABLE hydra.run_versions (
    run_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    time TIMESTAMP WITH TIME ZONE,
    state TEXT,
    code_version TEXT NOT NULL,
    readings_hash TEXT NOT NULL,
    feature_set_version TEXT NOT NULL,
    cost_model_version TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT run_versions_pkey PRIMARY KEY (run_id, number),
    CONSTRAINT run_versions_time_check CHECK ((number = 1) = (time IS NULL)),
    CONSTRAINT run_versions_state_check CHECK (state IN ('OPEN', 'FILLS_BOOKED', 'ASSESSED', 'SIGNALLED', 'DECIDED')),
    CONSTRAINT run_versions_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id)
);
COMMENT ON TABLE hydra.run_versions IS
'Upgraded runs: which version decided from which minute on; the newest is that of hydra.runs. Others have no row';
COMMENT ON COLUMN hydra.run_versions.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.run_versions.number IS 'From 1, the version that the run began with';
COMMENT ON COLUMN hydra.run_versions.time IS 'First minute that it decides, run''s clock; null: the run''s first';
COMMENT ON COLUMN hydra.run_versions.state IS
'How far that minute had come (CycleState), by the version before; null: it was not opened yet';
COMMENT ON COLUMN hydra.run_versions.code_version IS 'Commit of the code, + and a hash where it was changed';
COMMENT ON COLUMN hydra.run_versions.readings_hash IS 'Hash of the readings (hydra/readings.toml)';
COMMENT ON COLUMN hydra.run_versions.feature_set_version IS 'Version of the feature definitions';
COMMENT ON COLUMN hydra.run_versions.cost_model_version IS 'Version of the cost model (law 7)';
COMMENT ON COLUMN hydra.run_versions.recorded_at IS 'Wall clock of the row';

CREATE TABLE hydra.cycles (
    run_id BIGINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    as_of TIMESTAMP WITH TIME ZONE NOT NULL,
    opened_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    closed_at TIMESTAMP WITH TIME ZONE,
    code_version TEXT NOT NULL,
    reason_code TEXT,
    CONSTRAINT cycles_pkey PRIMARY KEY (run_id, time),
    CONSTRAINT cycles_state_check CHECK (state IN ('OPEN', 'FILLS_BOOKED', 'ASSESSED', 'SIGNALLED',
        'DECIDED', 'CLOSED', 'SKIPPED')),
    CONSTRAINT cycles_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT cycles_reason_code_fkey FOREIGN KEY(reason_code) REFERENCES hydra.reason_codes (code)
);
CREATE INDEX cycles_unfinished_idx ON hydra.cycles (run_id, time) WHERE state NOT IN ('CLOSED', 'SKIPPED');
COMMENT ON TABLE hydra.cycles IS 'The minutes that a run''s clock has opened; in replay the next waits until this one is closed';
COMMENT ON COLUMN hydra.cycles.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.cycles.time IS 'The decided minute: the instant its candle closed, on the run''s clock';
COMMENT ON COLUMN hydra.cycles.state IS 'How far the stages have come (CycleState); CLOSED once layer 5 has committed';
COMMENT ON COLUMN hydra.cycles.as_of IS
'Only facts known by then may be used; of a skipped minute: the time on the exchange when it was skipped';
COMMENT ON COLUMN hydra.cycles.opened_at IS 'Wall clock';
COMMENT ON COLUMN hydra.cycles.closed_at IS 'Wall clock of the end; null while open';
COMMENT ON COLUMN hydra.cycles.code_version IS
'The code that decides it: only its workers may. A cycle before revision 0012 has what its run said';
COMMENT ON COLUMN hydra.cycles.reason_code IS 'Why it was skipped (hydra.reason_codes); null otherwise';

CREATE TABLE hydra.features (
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    feature_set_version TEXT NOT NULL,
    vector FLOAT(53)[] NOT NULL,
    newest_known_at TIMESTAMP WITH TIME ZONE,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT features_pkey PRIMARY KEY (run_id, instrument_id, time)
);
COMMENT ON TABLE hydra.features IS 'The feature vector of every decision, as it was used';
COMMENT ON COLUMN hydra.features.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.features.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.features.time IS 'The decided minute: the instant its candle closed, on the run''s clock';
COMMENT ON COLUMN hydra.features.feature_set_version IS 'Names and order of the vector';
COMMENT ON COLUMN hydra.features.vector IS 'As used; null where a null rule applied';
COMMENT ON COLUMN hydra.features.newest_known_at IS 'Newest known_at used; never after as_of';
COMMENT ON COLUMN hydra.features.decided_at IS 'Wall clock';

CREATE TABLE hydra.assessments (
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    tradability TEXT NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    regime SMALLINT,
    regime_confidence FLOAT(53),
    volatility_regime SMALLINT,
    volatility_zscore FLOAT(53),
    realized_volatility FLOAT(53),
    cascade_probability FLOAT(53),
    liquidation_velocity FLOAT(53),
    expected_range_low_1h FLOAT(53),
    expected_range_high_1h FLOAT(53),
    regime_break_alert BOOLEAN DEFAULT 'false' NOT NULL,
    numbers JSONB DEFAULT '{}'::jsonb NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT assessments_pkey PRIMARY KEY (run_id, time, instrument_id),
    CONSTRAINT assessments_tradability_check CHECK (tradability IN ('ALLOW', 'RESTRICT', 'BLOCK')),
    CONSTRAINT assessments_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT assessments_regime_check CHECK (regime BETWEEN 0 AND 6),
    CONSTRAINT assessments_volatility_regime_check CHECK (volatility_regime BETWEEN 0 AND 4),
    CONSTRAINT assessments_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT assessments_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE hydra.assessments IS 'Layer 2: is it safe to trade this pair in this minute, and why (StatisticalResult)';
COMMENT ON COLUMN hydra.assessments.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.assessments.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.assessments.time IS 'The decided minute: the instant its candle closed, on the run''s clock';
COMMENT ON COLUMN hydra.assessments.tradability IS 'ALLOW, RESTRICT or BLOCK';
COMMENT ON COLUMN hydra.assessments.reason_code IS 'Why (ReasonCode); the words are in reason';
COMMENT ON COLUMN hydra.assessments.reason IS 'The reason in words, with its numbers';
COMMENT ON COLUMN hydra.assessments.regime IS 'Market regime 0..6 (Regime); null if it could not be told';
COMMENT ON COLUMN hydra.assessments.regime_confidence IS '0..1';
COMMENT ON COLUMN hydra.assessments.volatility_regime IS '0..4 (VolatilityRegime); null: no window yet';
COMMENT ON COLUMN hydra.assessments.volatility_zscore IS 'Standard deviations from the trailing mean';
COMMENT ON COLUMN hydra.assessments.realized_volatility IS 'Annualised, fraction';
COMMENT ON COLUMN hydra.assessments.cascade_probability IS '0..1 (a rule''s score)';
COMMENT ON COLUMN hydra.assessments.liquidation_velocity IS 'Liquidated value a minute over open interest';
COMMENT ON COLUMN hydra.assessments.expected_range_low_1h IS 'Lower end of the expected range of the next hour, price';
COMMENT ON COLUMN hydra.assessments.expected_range_high_1h IS 'Upper end of the expected range of the next hour, price';
COMMENT ON COLUMN hydra.assessments.regime_break_alert IS 'A break';
COMMENT ON COLUMN hydra.assessments.numbers IS 'The numbers behind the verdict, by name';
COMMENT ON COLUMN hydra.assessments.decided_at IS 'Wall clock';

CREATE TABLE hydra.signals (
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    source TEXT NOT NULL,
    side TEXT NOT NULL,
    confidence FLOAT(53) NOT NULL,
    expected_return FLOAT(53) NOT NULL,
    expected_adverse_excursion FLOAT(53) NOT NULL,
    holding_period_minutes INTEGER NOT NULL,
    regime SMALLINT,
    score FLOAT(53),
    score_kind TEXT,
    approved BOOLEAN NOT NULL,
    chosen BOOLEAN NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    thesis TEXT NOT NULL,
    metadata JSONB DEFAULT '{}'::jsonb NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT signals_pkey PRIMARY KEY (run_id, time, instrument_id, source),
    CONSTRAINT signals_side_check CHECK (side IN ('LONG', 'SHORT')),
    CONSTRAINT signals_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT signals_confidence_check CHECK (confidence BETWEEN 0 AND 1),
    CONSTRAINT signals_score_check CHECK (score BETWEEN 0 AND 1),
    CONSTRAINT signals_chosen_check CHECK (approved OR NOT chosen),
    CONSTRAINT signals_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT signals_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
CREATE UNIQUE INDEX signals_one_chosen_idx ON hydra.signals (run_id, instrument_id, time) WHERE chosen;
COMMENT ON TABLE hydra.signals IS 'Layer 3: one row per generator that fired, scored, gated; at most one chosen a pair and minute';
COMMENT ON COLUMN hydra.signals.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.signals.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.signals.time IS 'The decided minute: the instant its candle closed, on the run''s clock';
COMMENT ON COLUMN hydra.signals.source IS 'The generator that fired (SignalSource)';
COMMENT ON COLUMN hydra.signals.side IS 'LONG or SHORT';
COMMENT ON COLUMN hydra.signals.confidence IS '0..1, the generator''s own; not a probability';
COMMENT ON COLUMN hydra.signals.expected_return IS 'Fraction';
COMMENT ON COLUMN hydra.signals.expected_adverse_excursion IS 'Fraction';
COMMENT ON COLUMN hydra.signals.holding_period_minutes IS 'Intended holding time';
COMMENT ON COLUMN hydra.signals.regime IS 'Market regime at the signal (Regime)';
COMMENT ON COLUMN hydra.signals.score IS '0..1: a rule score, or a model''s probability (see score_kind)';
COMMENT ON COLUMN hydra.signals.score_kind IS 'What scored it: rule, or a model of the registry as name@version';
COMMENT ON COLUMN hydra.signals.approved IS 'Passed the gates of layer 3';
COMMENT ON COLUMN hydra.signals.chosen IS 'The one signal of this minute that goes to layer 4';
COMMENT ON COLUMN hydra.signals.reason_code IS 'Why (ReasonCode); the words are in reason';
COMMENT ON COLUMN hydra.signals.reason IS 'The reason in words, with its numbers';
COMMENT ON COLUMN hydra.signals.thesis IS 'What the trade bets on, in words (C17)';
COMMENT ON COLUMN hydra.signals.metadata IS 'The numbers of the signal, by name';
COMMENT ON COLUMN hydra.signals.decided_at IS 'Wall clock';

CREATE TABLE hydra.news_views (
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    action TEXT NOT NULL,
    confidence TEXT NOT NULL,
    reason TEXT NOT NULL,
    model_id TEXT NOT NULL,
    item_ids TEXT[] NOT NULL,
    answer JSONB NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    scan_id BIGINT,
    known_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT news_views_pkey PRIMARY KEY (run_id, instrument_id, time),
    CONSTRAINT news_views_action_check CHECK (action IN ('bullish', 'bearish', 'hold', 'exit')),
    CONSTRAINT news_views_confidence_check CHECK (confidence IN ('high', 'medium', 'low')),
    CONSTRAINT news_views_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT news_views_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE hydra.news_views IS 'Layer 3: what the news analyst said about a pair (advisory; can only restrict)';
COMMENT ON COLUMN hydra.news_views.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.news_views.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.news_views.time IS 'When it was formed, run''s clock';
COMMENT ON COLUMN hydra.news_views.action IS 'bullish, bearish, hold or exit';
COMMENT ON COLUMN hydra.news_views.confidence IS 'high, medium or low';
COMMENT ON COLUMN hydra.news_views.reason IS 'The analyst''s words, untrusted (C25)';
COMMENT ON COLUMN hydra.news_views.model_id IS 'Which model answered';
COMMENT ON COLUMN hydra.news_views.item_ids IS 'The headlines it saw (market.news_items)';
COMMENT ON COLUMN hydra.news_views.answer IS 'The validated answer as it came';
COMMENT ON COLUMN hydra.news_views.decided_at IS 'Wall clock';
COMMENT ON COLUMN hydra.news_views.scan_id IS 'The scan that it is of (hydra.news_scans); null: stored before scans were';
COMMENT ON COLUMN hydra.news_views.known_at IS 'When its answer was there, run''s clock; a decision sees what was known as of its instant';

CREATE TABLE hydra.risk_decisions (
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    source TEXT,
    side TEXT,
    approved BOOLEAN NOT NULL,
    reason_code TEXT NOT NULL,
    reason TEXT NOT NULL,
    printed_size_usd NUMERIC,
    recommended_size_usd NUMERIC,
    recommended_leverage NUMERIC,
    reference_price NUMERIC,
    stop_loss_price NUMERIC,
    take_profit_price NUMERIC,
    max_holding_hours FLOAT(53),
    trigger_kill_switch BOOLEAN DEFAULT 'false' NOT NULL,
    kill_reason TEXT,
    numbers JSONB DEFAULT '{}'::jsonb NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT risk_decisions_pkey PRIMARY KEY (run_id, time, instrument_id),
    CONSTRAINT risk_decisions_run_id_instrument_id_time_source_fkey FOREIGN KEY(run_id, instrument_id, time, source)
        REFERENCES hydra.signals (run_id, instrument_id, time, source),
    CONSTRAINT risk_decisions_side_check CHECK (side IN ('LONG', 'SHORT')),
    CONSTRAINT risk_decisions_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT risk_decisions_approved_is_complete_check CHECK (NOT approved OR (source IS NOT NULL AND
        side IS NOT NULL AND recommended_size_usd > 0 AND recommended_leverage > 0 AND stop_loss_price > 0
        AND take_profit_price > 0 AND max_holding_hours > 0)),
    CONSTRAINT risk_decisions_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT risk_decisions_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE hydra.risk_decisions IS 'Layer 4: trade or veto, how large, with which stop, and why (RiskDecision)';
COMMENT ON COLUMN hydra.risk_decisions.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.risk_decisions.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.risk_decisions.time IS 'The decided minute: the instant its candle closed, on the run''s clock';
COMMENT ON COLUMN hydra.risk_decisions.source IS 'Generator of the signal that was decided; null if there was none';
COMMENT ON COLUMN hydra.risk_decisions.side IS 'LONG or SHORT; null without a signal';
COMMENT ON COLUMN hydra.risk_decisions.approved IS 'False: vetoed, see reason_code';
COMMENT ON COLUMN hydra.risk_decisions.reason_code IS 'Why (ReasonCode); the words are in reason';
COMMENT ON COLUMN hydra.risk_decisions.reason IS 'The reason in words, with its numbers';
COMMENT ON COLUMN hydra.risk_decisions.printed_size_usd IS 'Notional by the printed formula, before caps (C33), USDT';
COMMENT ON COLUMN hydra.risk_decisions.recommended_size_usd IS 'Notional after risk cap, limits and rounding (C48), USDT';
COMMENT ON COLUMN hydra.risk_decisions.recommended_leverage IS 'After pair, setting and bracket caps (C36)';
COMMENT ON COLUMN hydra.risk_decisions.reference_price IS 'Price that sizes and distances were measured from';
COMMENT ON COLUMN hydra.risk_decisions.stop_loss_price IS 'Price of the protective stop';
COMMENT ON COLUMN hydra.risk_decisions.take_profit_price IS 'Price of the target';
COMMENT ON COLUMN hydra.risk_decisions.max_holding_hours IS 'Position is closed after this long (C47)';
COMMENT ON COLUMN hydra.risk_decisions.trigger_kill_switch IS 'True: latches the kill switch';
COMMENT ON COLUMN hydra.risk_decisions.kill_reason IS 'Which kill condition, in words';
COMMENT ON COLUMN hydra.risk_decisions.numbers IS 'The numbers behind the verdict, by name';
COMMENT ON COLUMN hydra.risk_decisions.decided_at IS 'Wall clock';

-- The feature vectors are many and wide: a hypertable in chunks of a week.
SELECT create_hypertable('hydra.features', by_range('time', interval '7 days'), create_default_indexes => false);

-- Counts that a backtest stores instead of rows of quiet minutes.
CREATE TABLE hydra.veto_counts (
    run_id BIGINT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    layer SMALLINT NOT NULL,
    passed BOOLEAN NOT NULL,
    reason_code TEXT NOT NULL,
    verdicts INTEGER NOT NULL,
    CONSTRAINT veto_counts_pkey PRIMARY KEY (run_id, instrument_id, hour, layer, passed, reason_code),
    CONSTRAINT veto_counts_layer_check CHECK (layer IN (2, 3, 4)),
    CONSTRAINT veto_counts_verdicts_check CHECK (verdicts > 0),
    CONSTRAINT veto_counts_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id),
    CONSTRAINT veto_counts_reason_code_fkey FOREIGN KEY(reason_code)
        REFERENCES hydra.reason_codes (code),
    CONSTRAINT veto_counts_instrument_id_fkey FOREIGN KEY(instrument_id)
        REFERENCES market.instruments (instrument_id)
);
COMMENT ON TABLE hydra.veto_counts IS 'How many verdicts of a backtest let through or stopped, and why; all of its minutes, stored or not';
COMMENT ON COLUMN hydra.veto_counts.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.veto_counts.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN hydra.veto_counts.hour IS 'Hour of the decided minutes, its start';
COMMENT ON COLUMN hydra.veto_counts.layer IS '2 statistical, 3 signals, 4 risk';
COMMENT ON COLUMN hydra.veto_counts.passed IS 'True: let through';
COMMENT ON COLUMN hydra.veto_counts.reason_code IS 'Why (ReasonCode)';
COMMENT ON COLUMN hydra.veto_counts.verdicts IS 'How many verdicts';
