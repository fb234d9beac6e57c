-- Every column of what a run stored in a table.
SELECT * FROM {table} WHERE run_id = %(run_id)s;
