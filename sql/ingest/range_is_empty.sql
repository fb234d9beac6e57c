-- Has this instrument no row yet in the table between two times (both included)?
SELECT NOT EXISTS (
    SELECT FROM {table}
    WHERE instrument_id = %(instrument_id)s AND time BETWEEN %(first_time)s AND %(last_time)s
);
