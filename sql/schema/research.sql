-- Schema ml: studies and trials.

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
    readings_hash TEXT NOT NULL,
    code_version TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT studies_pkey PRIMARY KEY (study_id),
    CONSTRAINT studies_name_key UNIQUE (name),
    CONSTRAINT studies_kind_check CHECK (kind IN ('backtest', 'sweep')),
    CONSTRAINT studies_range_check CHECK (data_to > data_from)
);
COMMENT ON TABLE ml.studies IS 'One row per study of a market range: a backtest, or a sweep over settings';
COMMENT ON COLUMN ml.studies.study_id IS 'Key';
COMMENT ON COLUMN ml.studies.name IS 'Unique; a sweep is resumed by it';
COMMENT ON COLUMN ml.studies.kind IS 'backtest or sweep';
COMMENT ON COLUMN ml.studies.market IS 'Origin and venue of the market; trials are counted together where they share a pair and their ranges overlap';
COMMENT ON COLUMN ml.studies.data_from IS 'First decided minute';
COMMENT ON COLUMN ml.studies.data_to IS 'End of the decided range';
COMMENT ON COLUMN ml.studies.data_hash IS 'sha256 of the facts';
COMMENT ON COLUMN ml.studies.specification IS 'What was asked for: the market, shared settings, those of each trial, all settings in force and their hash';
COMMENT ON COLUMN ml.studies.readings_hash IS 'Hash of the readings (hydra/readings.toml)';
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
COMMENT ON TABLE ml.trials IS 'Every set of settings ever scored; the deflated Sharpe ratio counts them';
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
