-- From a database of revision 0010, as the last commit before sql/schema made it, to what sql/schema says now.
-- Empty databases never come here: they are built from sql/schema.

COMMENT ON COLUMN hydra.runs.decision_set IS 'Hash of the readings (hydra/readings.toml)';
COMMENT ON COLUMN ml.studies.decision_set IS 'Hash of the readings (hydra/readings.toml)';
