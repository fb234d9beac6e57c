-- Updates all rollups of one source, each level from the level below: re-aggregates every bucket that touches
-- [first_time, last_time] for the given instruments (null: all), writes only rows that differ and deletes empty
-- buckets. The lock admits one writer at a time and no reader can take it; the statements after it take their snapshot
-- once it is granted, so they see the previous writer's commit and no bucket misses a row.
CREATE OR REPLACE FUNCTION {function}(ids smallint[], first_time timestamptz, last_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET work_mem = '64MB' AS $$
BEGIN
    LOCK TABLE ONLY {lowest} IN SHARE ROW EXCLUSIVE MODE;
{levels}
END
$$;
COMMENT ON FUNCTION {function}(smallint[], timestamptz, timestamptz) IS {comment};
