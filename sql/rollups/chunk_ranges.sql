-- The chunks of a table of facts that touch a range, oldest first. A rollup outlives the facts that were dropped, so
-- it is refreshed over the chunks that there are and no others.
SELECT greatest(range_start, %(first_time)s) AS first_time, least(range_end, %(last_time)s) AS last_time
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'market' AND hypertable_name = %(table)s
    AND range_end > %(first_time)s AND range_start <= %(last_time)s
ORDER BY range_start
