-- From a database of revision 0016 to the schema of sql/schema; sql/schema/models.sql is run after it.
-- Not run for empty databases: they are built from sql/schema.

-- Models are new; nothing that is there changes.
SELECT 1;
