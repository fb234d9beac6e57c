-- The tables of facts that have rows, and whose continuous aggregate was never refreshed, with the range of the facts.
SELECT a.view_name AS relation, min(f.range_start) AS first_time, max(f.range_end) AS last_time
FROM timescaledb_information.continuous_aggregates AS a
JOIN timescaledb_information.chunks AS f
    ON f.hypertable_schema = a.hypertable_schema AND f.hypertable_name = a.hypertable_name
WHERE a.view_schema = 'market'
    AND NOT EXISTS (
        SELECT FROM timescaledb_information.chunks AS m
        WHERE m.hypertable_schema = a.materialization_hypertable_schema
            AND m.hypertable_name = a.materialization_hypertable_name
    )
GROUP BY a.view_name
