-- Schema ml: models, the gates they were judged by, and the log of what serves.

CREATE TABLE ml.models (
    model_id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    manifest JSONB NOT NULL,
    artifact BYTEA NOT NULL,
    sha256 TEXT NOT NULL,
    feature_set_version TEXT NOT NULL,
    label TEXT NOT NULL,
    trained_from TIMESTAMP WITH TIME ZONE NOT NULL,
    trained_to TIMESTAMP WITH TIME ZONE NOT NULL,
    vault_from TIMESTAMP WITH TIME ZONE NOT NULL,
    vault_to TIMESTAMP WITH TIME ZONE NOT NULL,
    code_version TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT models_pkey PRIMARY KEY (model_id),
    CONSTRAINT models_name_version_key UNIQUE (name, version),
    CONSTRAINT models_model_id_name_key UNIQUE (model_id, name),
    CONSTRAINT models_name_check CHECK (name ~ '^[a-z][a-z0-9-]{0,62}$'),
    CONSTRAINT models_version_check CHECK (version > 0),
    CONSTRAINT models_artifact_check CHECK (sha256 = encode(sha256(artifact), 'hex')),
    CONSTRAINT models_range_check CHECK (trained_from < trained_to AND trained_to <= vault_from AND vault_from < vault_to)
);
COMMENT ON TABLE ml.models IS 'One row per trained model, written once; its status is in ml.registered_models';
COMMENT ON COLUMN ml.models.model_id IS 'Key';
COMMENT ON COLUMN ml.models.name IS 'What it is for, e.g. signal-scorer; its versions share it';
COMMENT ON COLUMN ml.models.version IS 'From 1, in the order of registration; name@version names a model';
COMMENT ON COLUMN ml.models.kind IS 'The format of the artifact: it says who reads it (hydra/registry/kinds.py)';
COMMENT ON COLUMN ml.models.manifest IS 'Features in their order, versions of libraries, cost version, seeds, hash of the data, examples';
COMMENT ON COLUMN ml.models.artifact IS 'The model in its native format: data, not code (law 8)';
COMMENT ON COLUMN ml.models.sha256 IS 'sha256 of artifact in hexadecimal; the table refuses another, a reader computes it again';
COMMENT ON COLUMN ml.models.feature_set_version IS 'Version of the features that it was trained on';
COMMENT ON COLUMN ml.models.label IS 'Name of the label that it predicts';
COMMENT ON COLUMN ml.models.trained_from IS 'First minute of the training data';
COMMENT ON COLUMN ml.models.trained_to IS 'End of the training data, labels included';
COMMENT ON COLUMN ml.models.vault_from IS 'First minute of the data kept aside for the last judgement';
COMMENT ON COLUMN ml.models.vault_to IS 'End of the data kept aside';
COMMENT ON COLUMN ml.models.code_version IS 'Commit of the code that trained it; + when it was changed';
COMMENT ON COLUMN ml.models.created_at IS 'Wall clock';

CREATE TABLE ml.model_gates (
    model_id BIGINT NOT NULL,
    gate TEXT NOT NULL,
    number DOUBLE PRECISION,
    bound DOUBLE PRECISION NOT NULL,
    is_passed BOOLEAN NOT NULL,
    words TEXT NOT NULL,
    CONSTRAINT model_gates_pkey PRIMARY KEY (model_id, gate),
    CONSTRAINT model_gates_unknown_fails_check CHECK (number IS NOT NULL OR NOT is_passed),
    CONSTRAINT model_gates_model_id_fkey FOREIGN KEY(model_id)
        REFERENCES ml.models (model_id)
);
COMMENT ON TABLE ml.model_gates IS 'What each gate said of a model, written once, with the model';
COMMENT ON COLUMN ml.model_gates.model_id IS 'The model (ml.models)';
COMMENT ON COLUMN ml.model_gates.gate IS 'Name of the gate (hydra/registry/gates.py)';
COMMENT ON COLUMN ml.model_gates.number IS 'What was measured; where there is an interval, its end that has to pass; null: undefined, so not passed';
COMMENT ON COLUMN ml.model_gates.bound IS 'What it has to reach, or may not exceed';
COMMENT ON COLUMN ml.model_gates.is_passed IS 'Whether it did';
COMMENT ON COLUMN ml.model_gates.words IS 'One sentence for people';

CREATE TABLE ml.publications (
    publication_id BIGINT GENERATED ALWAYS AS IDENTITY,
    name TEXT NOT NULL,
    model_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    serving_model_id BIGINT,
    is_pinned BOOLEAN NOT NULL,
    operator TEXT NOT NULL,
    reason TEXT NOT NULL,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT publications_pkey PRIMARY KEY (publication_id),
    CONSTRAINT publications_action_check CHECK (action IN ('PUBLISHED', 'REFUSED', 'PINNED', 'UNPINNED', 'ROLLED_BACK',
        'RETIRED')),
    CONSTRAINT publications_pin_check CHECK (serving_model_id IS NOT NULL OR NOT is_pinned),
    CONSTRAINT publications_model_id_fkey FOREIGN KEY(model_id, name)
        REFERENCES ml.models (model_id, name),
    CONSTRAINT publications_serving_model_id_fkey FOREIGN KEY(serving_model_id, name)
        REFERENCES ml.models (model_id, name)
);
CREATE INDEX publications_name_idx ON ml.publications (name, publication_id);
COMMENT ON TABLE ml.publications IS 'Append-only log of what was done with models; the newest row of a name says which version serves';
COMMENT ON COLUMN ml.publications.publication_id IS 'Key, in the order of the log';
COMMENT ON COLUMN ml.publications.name IS 'Name of the models that share this log';
COMMENT ON COLUMN ml.publications.model_id IS 'The model that the action is about (ml.models)';
COMMENT ON COLUMN ml.publications.action IS 'PUBLISHED, REFUSED, PINNED, UNPINNED, ROLLED_BACK, RETIRED';
COMMENT ON COLUMN ml.publications.serving_model_id IS 'The model that serves from now on (ml.models); null: none, the rule decides';
COMMENT ON COLUMN ml.publications.is_pinned IS 'Whether it stays although another one is published';
COMMENT ON COLUMN ml.publications.operator IS 'Who did it';
COMMENT ON COLUMN ml.publications.reason IS 'Why; of a refusal: which gates failed';
COMMENT ON COLUMN ml.publications.recorded_at IS 'Wall clock';

CREATE VIEW ml.registered_models AS
SELECT
    models.model_id,
    models.name,
    models.version,
    models.kind,
    CASE
        WHEN COALESCE(done.is_retired, FALSE) THEN 'RETIRED'
        WHEN COALESCE(done.is_published, FALSE) THEN 'PUBLISHED'
        ELSE 'CANDIDATE'
    END AS status,
    COALESCE(newest.serving_model_id = models.model_id, FALSE) AS is_serving,
    COALESCE(newest.serving_model_id = models.model_id AND newest.is_pinned, FALSE) AS is_pinned,
    models.manifest,
    models.sha256,
    models.feature_set_version,
    models.label,
    models.trained_from,
    models.trained_to,
    models.vault_from,
    models.vault_to,
    models.code_version,
    models.created_at
FROM ml.models
LEFT JOIN (
    SELECT
        model_id,
        bool_or(action = 'PUBLISHED') AS is_published,
        bool_or(action = 'RETIRED') AS is_retired
    FROM ml.publications
    GROUP BY model_id
) AS done USING (model_id)
LEFT JOIN (
    SELECT DISTINCT ON (name)
        name,
        serving_model_id,
        is_pinned
    FROM ml.publications
    ORDER BY name ASC, publication_id DESC
) AS newest USING (name);
COMMENT ON VIEW ml.registered_models IS 'Models without their artifacts, with what the log makes of them';
COMMENT ON COLUMN ml.registered_models.model_id IS 'Key (ml.models)';
COMMENT ON COLUMN ml.registered_models.name IS 'What it is for';
COMMENT ON COLUMN ml.registered_models.version IS 'From 1';
COMMENT ON COLUMN ml.registered_models.kind IS 'The format of the artifact';
COMMENT ON COLUMN ml.registered_models.status IS 'CANDIDATE, PUBLISHED or RETIRED, by the log';
COMMENT ON COLUMN ml.registered_models.is_serving IS 'Whether it is the version that serves, by the log';
COMMENT ON COLUMN ml.registered_models.is_pinned IS 'Whether it serves and stays although another one is published';
COMMENT ON COLUMN ml.registered_models.manifest IS 'See ml.models';
COMMENT ON COLUMN ml.registered_models.sha256 IS 'sha256 of the artifact';
COMMENT ON COLUMN ml.registered_models.feature_set_version IS 'Version of the features that it was trained on';
COMMENT ON COLUMN ml.registered_models.label IS 'Name of the label that it predicts';
COMMENT ON COLUMN ml.registered_models.trained_from IS 'First minute of the training data';
COMMENT ON COLUMN ml.registered_models.trained_to IS 'End of the training data';
COMMENT ON COLUMN ml.registered_models.vault_from IS 'First minute of the data kept aside';
COMMENT ON COLUMN ml.registered_models.vault_to IS 'End of the data kept aside';
COMMENT ON COLUMN ml.registered_models.code_version IS 'Commit of the code that trained it';
COMMENT ON COLUMN ml.registered_models.created_at IS 'Wall clock';
