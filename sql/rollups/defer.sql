-- Lets the rollup triggers of the Apache edition stand aside until this transaction ends.
SET LOCAL hydra.rollups = 'deferred'
