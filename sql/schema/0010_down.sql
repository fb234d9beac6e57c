-- Undoes 0010: the indexes of working orders and of last exits.

DROP INDEX hydra.orders_working_idx;
DROP INDEX hydra.positions_run_id_instrument_id_closed_time_idx;
