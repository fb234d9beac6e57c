-- Schema hydra: the rounds of the audits in the running system.

CREATE TABLE hydra.audit_rounds (
    round_id BIGINT GENERATED ALWAYS AS IDENTITY,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked INTEGER NOT NULL,
    unanswered TEXT [] DEFAULT '{}' NOT NULL,
    findings JSONB DEFAULT '[]' NOT NULL,
    CONSTRAINT audit_rounds_pkey PRIMARY KEY (round_id)
);
CREATE INDEX audit_rounds_started_at_idx ON hydra.audit_rounds (started_at);
COMMENT ON TABLE hydra.audit_rounds IS
'Every round of the audits that the upkeep worker ran: what was asked, what was found';
COMMENT ON COLUMN hydra.audit_rounds.round_id IS 'Key';
COMMENT ON COLUMN hydra.audit_rounds.started_at IS 'Wall clock: when the first audit was asked';
COMMENT ON COLUMN hydra.audit_rounds.finished_at IS 'Wall clock: when the last one had answered';
COMMENT ON COLUMN hydra.audit_rounds.asked IS 'How many audits were asked';
COMMENT ON COLUMN hydra.audit_rounds.unanswered IS 'Audits that exceeded their time limit';
COMMENT ON COLUMN hydra.audit_rounds.findings IS
'Audits that found errors: audit, rows_found, first_rows as text';
