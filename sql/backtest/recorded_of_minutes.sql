-- Every column of what a run stored in a table by minute, from one minute to before another.
SELECT * FROM {table} WHERE run_id = %(run_id)s AND {time} >= %(start)s AND {time} < %(end)s;
