-- Every column of a run's rows in a table by minute, within a range of minutes (end excluded).
SELECT * FROM {table} WHERE run_id = %(run_id)s AND {time} >= %(start)s AND {time} < %(end)s;
