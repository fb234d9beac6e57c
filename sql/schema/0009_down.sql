-- Undoes 0009: the keys of assessments, signals and decisions, the pair before the time.

ALTER TABLE hydra.positions DROP CONSTRAINT positions_run_id_instrument_id_decision_time_fkey;
ALTER TABLE hydra.orders DROP CONSTRAINT orders_run_id_instrument_id_decision_time_fkey;
ALTER TABLE hydra.risk_decisions DROP CONSTRAINT risk_decisions_run_id_instrument_id_time_source_fkey;

ALTER TABLE hydra.assessments
DROP CONSTRAINT assessments_pkey,
ADD CONSTRAINT assessments_pkey PRIMARY KEY (run_id, instrument_id, time);

ALTER TABLE hydra.signals
DROP CONSTRAINT signals_pkey,
ADD CONSTRAINT signals_pkey PRIMARY KEY (run_id, instrument_id, time, source);

ALTER TABLE hydra.risk_decisions
DROP CONSTRAINT risk_decisions_pkey,
ADD CONSTRAINT risk_decisions_pkey PRIMARY KEY (run_id, instrument_id, time);

ALTER TABLE hydra.risk_decisions
ADD CONSTRAINT risk_decisions_run_id_instrument_id_time_source_fkey
FOREIGN KEY (run_id, instrument_id, time, source)
REFERENCES hydra.signals (run_id, instrument_id, time, source);

ALTER TABLE hydra.orders
ADD CONSTRAINT orders_run_id_instrument_id_decision_time_fkey
FOREIGN KEY (run_id, instrument_id, decision_time)
REFERENCES hydra.risk_decisions (run_id, instrument_id, time);

ALTER TABLE hydra.positions
ADD CONSTRAINT positions_run_id_instrument_id_decision_time_fkey
FOREIGN KEY (run_id, instrument_id, decision_time)
REFERENCES hydra.risk_decisions (run_id, instrument_id, time);
