-- Facts of a table are kept two days longer than its window: nothing lets them go, and the disk fills up.
SELECT
    r.source_table AS subject,
    'WARNING' AS severity,
    min(c.chunk_creation_time) + make_interval(days => r.keep_days) AS since,
    interval '0' AS patience,
    count(*) || ' chunks of market.' || r.source_table || ' are older than its window of ' || r.keep_days
        || ' days and still there; the database has ' || pg_size_pretty(pg_database_size(current_database())) AS happened,
    'A run drops old facts by itself; none did.' AS done,
    '`hydra upkeep` drops them and shows the sizes; RETENTION_DAYS sets the windows.' AS advice
FROM market.retention AS r
JOIN timescaledb_information.chunks AS c ON c.hypertable_schema = 'market' AND c.hypertable_name = r.source_table
WHERE c.chunk_creation_time < now() - make_interval(days => r.keep_days + 2)
GROUP BY r.source_table, r.keep_days
ORDER BY r.source_table
