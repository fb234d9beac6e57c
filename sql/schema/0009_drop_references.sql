-- The foreign keys that rest on the keys of signals and decisions: without them, the keys can be made anew.

ALTER TABLE hydra.positions DROP CONSTRAINT positions_run_id_instrument_id_decision_time_fkey;
ALTER TABLE hydra.orders DROP CONSTRAINT orders_run_id_instrument_id_decision_time_fkey;
ALTER TABLE hydra.risk_decisions DROP CONSTRAINT risk_decisions_run_id_instrument_id_time_source_fkey;
