-- The range in which gaps may have changed: from the row before the first new one to the row after the last.
SELECT
    coalesce(
        (SELECT max(time) FROM {table}
         WHERE instrument_id = %(instrument_id)s AND time < %(first_time)s), %(first_time)s
    ) AS from_time,
    coalesce(
        (SELECT min(time) FROM {table}
         WHERE instrument_id = %(instrument_id)s AND time > %(last_time)s), %(last_time)s
    ) AS to_time;
