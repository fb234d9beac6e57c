-- A rollup of the community edition: a real-time continuous aggregate.
CREATE MATERIALIZED VIEW {rollup}
WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
{select}
WITH NO DATA
