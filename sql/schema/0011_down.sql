-- Takes back 0011_fills.

ALTER TABLE hydra.equity DROP COLUMN stale_positions;
ALTER TABLE hydra.positions DROP COLUMN cost_basis_usd;
