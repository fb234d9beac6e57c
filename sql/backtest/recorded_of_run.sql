-- Every column of a run's rows in a table.
SELECT * FROM {table} WHERE run_id = %(run_id)s;
