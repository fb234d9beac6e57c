-- Adds rows to a table of schema hydra. {columns}: those that the rows name.
INSERT INTO {table} ({columns})
SELECT {columns} FROM jsonb_populate_recordset(NULL::{table}, %(rows)s::jsonb)
{returning}
