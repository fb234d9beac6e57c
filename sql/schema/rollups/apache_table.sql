-- A rollup of the Apache edition: a hypertable that functions keep (apache_refresh.sql).
CREATE TABLE {rollup} AS
{select}
WITH NO DATA;
ALTER TABLE {rollup} ADD PRIMARY KEY (instrument_id, time);
SELECT create_hypertable({name}, by_range('time', {chunk}), create_default_indexes => false);
