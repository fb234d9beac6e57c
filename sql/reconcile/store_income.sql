-- Stores what is shown of a run's income and is new.
INSERT INTO hydra.exchange_income (run_id, kind, transaction_id, time, symbol, trade_id, asset, amount)
SELECT %(run_id)s, kind, transaction_id, time, symbol, trade_id, asset, amount
FROM shown_income
ON CONFLICT DO NOTHING
