-- From a database of revision 0011 to the schema of sql/schema.
-- Not run for empty databases: they are built from sql/schema.

ALTER SCHEMA doorbells RENAME TO messages;
