-- From a database of revision 0013 to the schema of sql/schema; sql/schema/alerts.sql is run beside it.
-- Not run for empty databases: they are built from sql/schema.

COMMENT ON COLUMN hydra.locks.name IS 'What is locked: run N, import, audits, generated market, terms, alerts';
