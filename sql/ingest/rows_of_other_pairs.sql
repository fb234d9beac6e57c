-- The bars of the other instruments of the venue at some times of a file; {table} is where the file's rows go.
SELECT instrument_id, time, open, high, low, close
FROM {table}
WHERE instrument_id = ANY (%(instrument_ids)s) AND time = ANY (%(times)s)
    AND time BETWEEN %(first_time)s AND %(last_time)s
