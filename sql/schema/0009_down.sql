-- Undoes 0009: the keys of assessments, signals and decisions, the pair before the time.

ALTER TABLE hydra.assessments
DROP CONSTRAINT assessments_pkey,
ADD CONSTRAINT assessments_pkey PRIMARY KEY (run_id, instrument_id, time);

ALTER TABLE hydra.signals
DROP CONSTRAINT signals_pkey,
ADD CONSTRAINT signals_pkey PRIMARY KEY (run_id, instrument_id, time, source);

ALTER TABLE hydra.risk_decisions
DROP CONSTRAINT risk_decisions_pkey,
ADD CONSTRAINT risk_decisions_pkey PRIMARY KEY (run_id, instrument_id, time);
