-- The seeds of the simulated exchange's markets to which runs have listened.
SELECT DISTINCT seed FROM hydra.runs WHERE market_origin = 'exchange' AND label = 'simulated' AND seed IS NOT NULL;
