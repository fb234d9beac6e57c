-- The runs whose orders go to an exchange and that have not ended.
SELECT run_id FROM hydra.runs WHERE mode IN ('testnet', 'live') AND ended_at IS NULL ORDER BY run_id
