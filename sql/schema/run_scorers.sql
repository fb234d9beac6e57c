-- Schema hydra: what scored the signals of a run.

CREATE TABLE hydra.run_scorers (
    run_id BIGINT NOT NULL,
    time TIMESTAMP WITH TIME ZONE NOT NULL,
    wanted TEXT NOT NULL,
    score_kind TEXT NOT NULL,
    sha256 TEXT,
    complaint TEXT,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT run_scorers_pkey PRIMARY KEY (run_id, time),
    CONSTRAINT run_scorers_sha256_check CHECK ((score_kind = 'rule') = (sha256 IS NULL)),
    CONSTRAINT run_scorers_complaint_check CHECK (score_kind <> 'rule' OR complaint IS NOT NULL),
    CONSTRAINT run_scorers_run_id_fkey FOREIGN KEY(run_id)
        REFERENCES hydra.runs (run_id)
);
COMMENT ON TABLE hydra.run_scorers IS
'What scored the signals of a run that asks for a model, from which minute on; none: the run asks for a rule';
COMMENT ON COLUMN hydra.run_scorers.run_id IS 'The run (hydra.runs)';
COMMENT ON COLUMN hydra.run_scorers.time IS 'First minute that it scored, run''s clock; to the next row of the run';
COMMENT ON COLUMN hydra.run_scorers.wanted IS 'What the run asks for: published, or a model as name@version';
COMMENT ON COLUMN hydra.run_scorers.score_kind IS 'What scored: a model as name@version (ml.registered_models), or rule';
COMMENT ON COLUMN hydra.run_scorers.sha256 IS 'Of the model''s artifact; null: a rule';
COMMENT ON COLUMN hydra.run_scorers.complaint IS 'Why what the run asks for did not score; null: it did';
COMMENT ON COLUMN hydra.run_scorers.recorded_at IS 'Wall clock';
