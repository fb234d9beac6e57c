-- The cost basis of a position is kept, not only an average that is rounded; equity says how many of its positions
-- are valued at a stale price (C132).

ALTER TABLE hydra.positions ADD COLUMN cost_basis_usd NUMERIC DEFAULT 0 NOT NULL;
COMMENT ON COLUMN hydra.positions.cost_basis_usd IS
'What is held now was bought or sold short for, USDT: the sum of price x quantity of its fills; 0 once closed';
UPDATE hydra.positions SET cost_basis_usd = entry_price * quantity WHERE quantity > 0;

ALTER TABLE hydra.equity ADD COLUMN stale_positions SMALLINT DEFAULT 0 NOT NULL;
COMMENT ON COLUMN hydra.equity.stale_positions IS
'Open positions whose last known price is older than ten minutes (C132)';
