-- Are this database's rollups continuous aggregates (migrated on the community edition)?
SELECT EXISTS (
    SELECT FROM timescaledb_information.continuous_aggregates WHERE view_schema = 'market'
)
