-- Assessments, signals and decisions are read by the minute: every stage of a cycle does. With the pair before the
-- time in their keys, a minute was found by going through all minutes of its run.

ALTER TABLE hydra.assessments
DROP CONSTRAINT assessments_pkey,
ADD CONSTRAINT assessments_pkey PRIMARY KEY (run_id, time, instrument_id);

ALTER TABLE hydra.signals
DROP CONSTRAINT signals_pkey,
ADD CONSTRAINT signals_pkey PRIMARY KEY (run_id, time, instrument_id, source);

ALTER TABLE hydra.risk_decisions
DROP CONSTRAINT risk_decisions_pkey,
ADD CONSTRAINT risk_decisions_pkey PRIMARY KEY (run_id, time, instrument_id);
