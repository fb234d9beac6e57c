-- Adds one row to a table of schema hydra.
INSERT INTO {table} ({columns}) VALUES ({values})
