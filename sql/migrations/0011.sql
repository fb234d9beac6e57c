-- From a database of revision 0010 to the schema of sql/schema.
-- Not run for empty databases: they are built from sql/schema.

ALTER TABLE hydra.runs RENAME COLUMN decision_set TO readings_hash;
ALTER TABLE ml.studies RENAME COLUMN decision_set TO readings_hash;
COMMENT ON COLUMN hydra.runs.readings_hash IS 'Hash of the readings (hydra/readings.toml)';
COMMENT ON COLUMN hydra.runs.config IS 'Every setting of the run, and the speed of its clock; no secrets';
COMMENT ON COLUMN hydra.runs.config_hash IS 'sha256 of config without the speed';
COMMENT ON COLUMN ml.studies.readings_hash IS 'Hash of the readings (hydra/readings.toml)';
COMMENT ON COLUMN ml.studies.market IS 'Origin and venue of the market; trials are counted together where they share a pair and their ranges overlap';
COMMENT ON COLUMN ml.studies.specification IS 'What was asked for: the market, shared settings, those of each trial, all settings in force and their hash';

ALTER TABLE hydra.cycles DROP CONSTRAINT cycles_state_check;
UPDATE hydra.cycles SET state = 'FILLS_BOOKED' WHERE state = 'SETTLED';
ALTER TABLE hydra.cycles ADD CONSTRAINT cycles_state_check CHECK (state IN ('OPEN', 'FILLS_BOOKED', 'ASSESSED',
    'SIGNALLED', 'DECIDED', 'CLOSED', 'SKIPPED'));

-- Reason codes: a table replaces the lists in CHECK constraints.
ALTER TABLE hydra.assessments
    DROP CONSTRAINT assessments_reason_code_check,
    ADD CONSTRAINT assessments_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.signals
    DROP CONSTRAINT signals_reason_code_check,
    ADD CONSTRAINT signals_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.risk_decisions
    DROP CONSTRAINT risk_decisions_reason_code_check,
    ADD CONSTRAINT risk_decisions_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.positions
    DROP CONSTRAINT positions_exit_reason_code_check,
    ADD CONSTRAINT positions_exit_reason_code_fkey FOREIGN KEY (exit_reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.position_events
    DROP CONSTRAINT position_events_reason_code_check,
    ADD CONSTRAINT position_events_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.orders
    DROP CONSTRAINT orders_reason_code_check,
    ADD CONSTRAINT orders_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.order_events
    DROP CONSTRAINT order_events_reason_code_check,
    ADD CONSTRAINT order_events_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);
ALTER TABLE hydra.veto_counts
    ADD CONSTRAINT veto_counts_reason_code_fkey FOREIGN KEY (reason_code) REFERENCES hydra.reason_codes (code);

-- A further generator needs no migration: signals.source is written from SignalSource alone, and risk decisions refer
-- to their signal.
ALTER TABLE hydra.signals DROP CONSTRAINT signals_source_check;
ALTER TABLE hydra.risk_decisions DROP CONSTRAINT risk_decisions_source_check;
COMMENT ON COLUMN hydra.signals.source IS 'The generator that fired (SignalSource)';

-- The cost basis of a position, and how many positions are valued at a stale price (C132).
ALTER TABLE hydra.positions ADD COLUMN cost_basis_usd NUMERIC DEFAULT 0 NOT NULL;
COMMENT ON COLUMN hydra.positions.cost_basis_usd IS
'Amount for which the held quantity was bought or sold short, USDT: sum of price x quantity of its fills; 0 once closed';
UPDATE hydra.positions SET cost_basis_usd = entry_price * quantity WHERE quantity > 0;
ALTER TABLE hydra.equity ADD COLUMN stale_positions SMALLINT DEFAULT 0 NOT NULL;
COMMENT ON COLUMN hydra.equity.stale_positions IS
'Open positions whose last known price is older than five minutes (C132)';

COMMENT ON COLUMN hydra.assessments.numbers IS 'The numbers behind the verdict, by name';
COMMENT ON COLUMN hydra.signals.metadata IS 'The numbers of the signal, by name';
COMMENT ON COLUMN hydra.risk_decisions.source IS 'Generator of the signal that was decided; null if there was none';
COMMENT ON COLUMN hydra.risk_decisions.trigger_kill_switch IS 'True: latches the kill switch';
COMMENT ON COLUMN hydra.risk_decisions.numbers IS 'The numbers behind the verdict, by name';
COMMENT ON COLUMN hydra.position_events.numbers IS 'The numbers behind the event, by name';
COMMENT ON COLUMN hydra.order_events.detail IS 'The exchange''s answer';
COMMENT ON COLUMN hydra.kill_switch.numbers IS 'The numbers behind the cause, by name';
COMMENT ON COLUMN hydra.audit_rounds.unanswered IS 'Audits that exceeded their time limit';
COMMENT ON COLUMN hydra.audit_rounds.findings IS
'Audits that found errors: audit, rows_found, first_rows as text';
COMMENT ON COLUMN market.open_interest.contracts IS 'Open interest, base units; null where the source has none';
COMMENT ON COLUMN market.open_interest.value_usd IS 'Open interest, USDT; null where the source has none';
COMMENT ON TABLE market.feed_heartbeats IS 'Proof that a feed was alive: without events its value is 0, without a heartbeat unknown';
COMMENT ON TABLE ml.studies IS 'One row per study of a market range: a backtest, or a sweep over settings';
COMMENT ON TABLE ml.trials IS 'Every set of settings ever scored; the deflated Sharpe ratio counts them';
COMMENT ON SCHEMA doorbells IS 'Messages that wake the stages; results are stored in schema hydra';
COMMENT ON TABLE doorbells.queue IS 'Messages that wake a stage; a row is deleted once its stage has run';

-- The worker may no longer change or remove facts.
REVOKE UPDATE, DELETE ON ALL TABLES IN SCHEMA market FROM hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market REVOKE UPDATE, DELETE ON TABLES FROM hydra_worker;

COMMENT ON COLUMN doorbells.queue.message_id IS 'Key';
COMMENT ON COLUMN doorbells.queue.queue_name IS 'The stage that it wakes';
COMMENT ON COLUMN doorbells.queue.state IS 'queued, consumed or rejected';
COMMENT ON COLUMN doorbells.queue.mtime IS 'Wall clock of the last change';
COMMENT ON COLUMN doorbells.queue.message IS 'The message of dramatiq';
COMMENT ON COLUMN doorbells.queue.position IS 'Order of arrival';
COMMENT ON COLUMN doorbells.queue.available_at IS 'Not delivered before';
COMMENT ON COLUMN doorbells.queue.worker_id IS 'The worker that has it; null while queued';
COMMENT ON COLUMN doorbells.queue.consumed_at IS 'When that worker took it';
COMMENT ON COLUMN doorbells.worker.worker_id IS 'Key';
COMMENT ON COLUMN doorbells.worker.heartbeat_at IS 'When it was last alive, wall clock';
COMMENT ON COLUMN doorbells.result.message_id IS 'The message that was answered';
COMMENT ON COLUMN doorbells.result.result IS 'The answer';
COMMENT ON COLUMN doorbells.result.expires_at IS 'When it is deleted';
