-- Updates stored rows of a table of schema hydra by their key.
UPDATE {table} AS stored
SET ({columns}) = ROW ({values})
FROM jsonb_populate_recordset(NULL::{table}, %(rows)s::jsonb) AS row
WHERE stored.{key} = row.{key}
