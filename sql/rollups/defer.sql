-- Disables the rollup triggers of the Apache edition until this transaction ends.
SET LOCAL hydra.rollups = 'deferred'
