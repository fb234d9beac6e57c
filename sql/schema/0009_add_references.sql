-- The foreign keys that rest on the keys of signals and decisions, as 0003 made them.

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
