-- What backtests leave beside the decision tables: counts of verdicts in the place of quiet rows, and the trials.

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

CREATE SCHEMA ml;
COMMENT ON SCHEMA ml IS 'What was tried and learned: studies, trials, models';

CREATE TABLE ml.studies (
    study_id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    market TEXT NOT NULL,
    data_from TIMESTAMP WITH TIME ZONE NOT NULL,
    data_to TIMESTAMP WITH TIME ZONE NOT NULL,
    data_hash TEXT NOT NULL,
    specification JSONB NOT NULL,
    decision_set TEXT NOT NULL,
    code_version TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT studies_pkey PRIMARY KEY (study_id),
    CONSTRAINT studies_name_key UNIQUE (name),
    CONSTRAINT studies_kind_check CHECK (kind IN ('backtest', 'sweep')),
    CONSTRAINT studies_range_check CHECK (data_to > data_from)
);
COMMENT ON TABLE ml.studies IS 'A question put to a stretch of market: one backtest, or a sweep over settings';
COMMENT ON COLUMN ml.studies.study_id IS 'Key';
COMMENT ON COLUMN ml.studies.name IS 'Unique; a sweep is resumed by it';
COMMENT ON COLUMN ml.studies.kind IS 'backtest or sweep';
COMMENT ON COLUMN ml.studies.market IS 'Origin and venue of the market: trials on one market are counted together';
COMMENT ON COLUMN ml.studies.data_from IS 'First decided minute';
COMMENT ON COLUMN ml.studies.data_to IS 'End of the decided range';
COMMENT ON COLUMN ml.studies.data_hash IS 'sha256 of the facts';
COMMENT ON COLUMN ml.studies.specification IS 'What was asked for';
COMMENT ON COLUMN ml.studies.decision_set IS 'Hash of the readings (hydra/readings.toml)';
COMMENT ON COLUMN ml.studies.code_version IS 'Commit of the code; + when it was changed';
COMMENT ON COLUMN ml.studies.created_at IS 'Wall clock';

CREATE TABLE ml.trials (
    trial_id BIGINT GENERATED ALWAYS AS IDENTITY,
    study_id BIGINT NOT NULL,
    number INTEGER NOT NULL,
    parameters JSONB NOT NULL,
    state TEXT NOT NULL,
    run_id BIGINT,
    first_day DATE,
    daily_returns DOUBLE PRECISION[],
    trades INTEGER,
    net_pnl_usd NUMERIC,
    metrics JSONB DEFAULT '{}'::jsonb NOT NULL,
    error TEXT,
    finished_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT trials_pkey PRIMARY KEY (trial_id),
    CONSTRAINT trials_study_id_number_key UNIQUE (study_id, number),
    CONSTRAINT trials_state_check CHECK (state IN ('PLANNED', 'DONE', 'FAILED')),
    CONSTRAINT trials_done_is_complete_check CHECK (state <> 'DONE' OR (first_day IS NOT NULL AND daily_returns IS
        NOT NULL AND trades IS NOT NULL AND net_pnl_usd IS NOT NULL)),
    CONSTRAINT trials_study_id_fkey FOREIGN KEY(study_id)
        REFERENCES ml.studies (study_id),
    CONSTRAINT trials_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id)
);
COMMENT ON TABLE ml.trials IS 'Every set of settings that was ever scored: what a deflated Sharpe ratio has to know';
COMMENT ON COLUMN ml.trials.trial_id IS 'Key';
COMMENT ON COLUMN ml.trials.study_id IS 'The study (ml.studies)';
COMMENT ON COLUMN ml.trials.number IS 'Place in the study, from 1';
COMMENT ON COLUMN ml.trials.parameters IS 'Settings that differ from those of the environment: {"KEY": value}';
COMMENT ON COLUMN ml.trials.state IS 'PLANNED, DONE or FAILED; a planned one whose row is locked is being worked on';
COMMENT ON COLUMN ml.trials.run_id IS 'Its run, where the rows are stored (hydra.runs)';
COMMENT ON COLUMN ml.trials.first_day IS 'UTC day of the first of daily_returns';
COMMENT ON COLUMN ml.trials.daily_returns IS 'Net return of every UTC day, fraction of the equity before';
COMMENT ON COLUMN ml.trials.trades IS 'Closed positions';
COMMENT ON COLUMN ml.trials.net_pnl_usd IS 'Change of equity, USDT, all costs in';
COMMENT ON COLUMN ml.trials.metrics IS 'Figures by name; undefined ones are null';
COMMENT ON COLUMN ml.trials.error IS 'Why it failed';
COMMENT ON COLUMN ml.trials.finished_at IS 'Wall clock';

GRANT USAGE ON SCHEMA ml TO hydra_worker, hydra_reader;
GRANT ALL ON SCHEMA ml TO hydra_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA ml TO hydra_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ml TO hydra_worker;
GRANT ALL ON ALL TABLES IN SCHEMA ml TO hydra_owner;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA ml TO hydra_worker;
GRANT ALL ON ALL SEQUENCES IN SCHEMA ml TO hydra_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA ml GRANT SELECT ON TABLES TO hydra_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA ml GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA ml GRANT ALL ON TABLES TO hydra_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA ml GRANT USAGE ON SEQUENCES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA ml GRANT ALL ON SEQUENCES TO hydra_owner;
