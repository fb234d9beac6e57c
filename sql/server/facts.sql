-- The server's versions, whether TimescaleDB is installed, loaded and created, and its licence. The loader's setting
-- exists only if the library is preloaded, the licence only if the extension is created in this database.
SELECT
    current_setting('server_version_num')::int AS server_version_num,
    current_setting('server_version') AS server_version,
    available.default_version AS available_version,
    available.installed_version AS created_version,
    current_setting('timescaledb.disable_load', true) IS NOT NULL AS is_preloaded,
    CASE WHEN available.installed_version IS NOT NULL
        THEN current_setting('timescaledb.license', true) END AS license,
    current_database() AS database_name
FROM (SELECT) AS one
LEFT JOIN pg_available_extensions AS available ON available.name = 'timescaledb';
