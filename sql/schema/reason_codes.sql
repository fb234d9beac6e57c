-- The reasons of verdicts, orders and positions. `hydra db up` fills the table from hydra/reason_words.py.

CREATE SCHEMA IF NOT EXISTS hydra;
COMMENT ON SCHEMA hydra IS 'Decisions: every verdict, order, fill and position of every run, with its reason';

CREATE TABLE hydra.reason_codes (
    code TEXT NOT NULL,
    gate TEXT NOT NULL,
    words TEXT NOT NULL,
    CONSTRAINT reason_codes_pkey PRIMARY KEY (code)
);
COMMENT ON TABLE hydra.reason_codes IS 'What the reason codes of all tables mean';
COMMENT ON COLUMN hydra.reason_codes.code IS 'The code (ReasonCode)';
COMMENT ON COLUMN hydra.reason_codes.gate IS 'The decision gate that gives it';
COMMENT ON COLUMN hydra.reason_codes.words IS 'The reason in words';
