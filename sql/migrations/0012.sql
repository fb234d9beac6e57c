-- From a database of revision 0011 to the schema of sql/schema.
-- Not run for empty databases: they are built from sql/schema.

ALTER SCHEMA doorbells RENAME TO messages;

-- Secrets that were given by --set stand in what was tried. They are no parameters any more.
DO $$
DECLARE
    secrets CONSTANT text[] := ARRAY['BINANCE_API_KEY', 'BINANCE_API_SECRET', 'ANTHROPIC_API_KEY',
        'CRYPTOCOMPARE_API_KEY', 'HYDRA_DATABASE_URL', 'HYDRA_BROKER_URL'];
    one record;
BEGIN
    FOR one IN
        SELECT trial_id, key FROM ml.trials CROSS JOIN LATERAL jsonb_object_keys(parameters) AS key
        WHERE upper(key) = ANY (secrets)
    LOOP
        UPDATE ml.trials SET parameters = parameters - one.key WHERE trial_id = one.trial_id;
    END LOOP;
    FOR one IN
        SELECT study_id, '{shared}'::text[] || key AS place
        FROM ml.studies CROSS JOIN LATERAL jsonb_object_keys(specification -> 'shared') AS key
        WHERE upper(key) = ANY (secrets)
        UNION ALL
        SELECT study_id, ARRAY['trials', (number - 1)::text, key]
        FROM ml.studies
        CROSS JOIN LATERAL jsonb_array_elements(specification -> 'trials') WITH ORDINALITY AS trial (given, number)
        CROSS JOIN LATERAL jsonb_object_keys(given) AS key
        WHERE upper(key) = ANY (secrets)
    LOOP
        UPDATE ml.studies SET specification = specification #- one.place WHERE study_id = one.study_id;
    END LOOP;
END
$$;

-- Who imported what and why; facts that a repair replaced (C125).
ALTER TABLE market.import_batches
    ADD COLUMN rows_replaced BIGINT DEFAULT 0 NOT NULL,
    ADD COLUMN prices_accepted BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN imported_by TEXT,
    ADD COLUMN reason TEXT;
COMMENT ON COLUMN market.import_batches.rows_replaced IS 'Stored facts that took the values of this file (hydra import --revise)';
COMMENT ON COLUMN market.import_batches.prices_accepted IS 'True: its prices were not held against others (hydra import --accept-prices)';
COMMENT ON COLUMN market.import_batches.imported_by IS 'USER as LOGIN: the user of the machine and the login of the database; null for generated markets';
COMMENT ON COLUMN market.import_batches.reason IS 'Why facts may be replaced or prices accepted, in the operator''s words';
ALTER TABLE market.revisions
    ADD COLUMN applied_at TIMESTAMP WITH TIME ZONE,
    ADD COLUMN applied_by TEXT,
    ADD CONSTRAINT revisions_applied_is_recorded_check CHECK (
        applied = (applied_at IS NOT NULL) AND applied = (applied_by IS NOT NULL)
        AND (NOT applied OR reason IS NOT NULL AND batch_id IS NOT NULL)
    );
DROP INDEX market.revisions_target_table_key_offered_idx;
CREATE UNIQUE INDEX revisions_target_table_key_offered_idx ON market.revisions (target_table, key, offered)
    WHERE NOT applied;
CREATE INDEX revisions_target_table_applied_at_idx ON market.revisions (target_table, applied_at) WHERE applied;
COMMENT ON TABLE market.revisions IS
'Facts that arrived again with other values: the first stays, the other is kept here, until a repair applies it (C125)';
COMMENT ON COLUMN market.revisions.batch_id IS
'The file that brought the later values, of applied ones the file of the repair; null for live feeds';
COMMENT ON COLUMN market.revisions.stored IS
'The fact as it was stored; of an applied revision the fact as it was until applied_at, which reads of then still see';
COMMENT ON COLUMN market.revisions.applied_at IS 'When the repair was made: from then on the fact has the later values and this known_at';
COMMENT ON COLUMN market.revisions.applied_by IS 'The user of the machine and the login of the database that made the repair';

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
