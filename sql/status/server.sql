-- The size of this database in bytes, and the clock of its server.
SELECT pg_database_size(current_database()) AS size_bytes, clock_timestamp() AS server_clock;
