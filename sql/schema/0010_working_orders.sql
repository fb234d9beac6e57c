-- Each cycle asks which orders still work and when a pair was last left: neither may depend on how much a run has
-- traded before.

CREATE INDEX orders_working_idx ON hydra.orders (run_id)
WHERE state IN ('PLANNED', 'OPEN', 'PARTIALLY_FILLED', 'UNKNOWN');

CREATE INDEX positions_run_id_instrument_id_closed_time_idx
ON hydra.positions (run_id, instrument_id, closed_time);
