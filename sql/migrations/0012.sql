-- From a database of revision 0011 to the schema of sql/schema.
-- Not run for empty databases: they are built from sql/schema.

ALTER SCHEMA doorbells RENAME TO messages;

-- A run belongs to one version; an upgrade leaves a row. Every minute names the code that decides it.
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
ALTER TABLE hydra.cycles ADD COLUMN code_version TEXT;
UPDATE hydra.cycles SET code_version = runs.code_version FROM hydra.runs WHERE runs.run_id = cycles.run_id;
ALTER TABLE hydra.cycles ALTER COLUMN code_version SET NOT NULL;
COMMENT ON COLUMN hydra.cycles.code_version IS
'The code that decides it: only its workers may. A cycle before revision 0012 has what its run said';
COMMENT ON COLUMN hydra.runs.code_version IS
'Commit of the code, + and a hash where it was changed. With readings, features and costs: the version in force';
