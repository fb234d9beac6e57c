-- The minute and pair of the decision that opened a position.
SELECT run_id, instrument_id, decision_time AS time FROM hydra.positions WHERE position_id = %(position_id)s;
