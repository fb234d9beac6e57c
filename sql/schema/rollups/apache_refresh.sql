-- Updates all rollups of one source, each level from the level below: re-aggregates every bucket that touches
-- [first_time, last_time] for the given instruments (null: all), writes only rows that differ and deletes empty
-- buckets. The lock admits one writer at a time; the statements after it take their snapshot once it is granted, so
-- they see the previous writer's commit and no bucket misses a row.
CREATE FUNCTION {function}(ids smallint[], first_time timestamptz, last_time timestamptz)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET work_mem = '64MB' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4912734, {lock});
{levels}
END
$$;
COMMENT ON FUNCTION {function}(smallint[], timestamptz, timestamptz) IS {comment};

-- A bulk load runs SET LOCAL hydra.rollups = 'deferred' and refreshes once at its end.
CREATE TRIGGER rollups_after_insert AFTER INSERT ON {source} REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
CREATE TRIGGER rollups_after_update_new AFTER UPDATE ON {source} REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
CREATE TRIGGER rollups_after_update_old AFTER UPDATE ON {source} REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
CREATE TRIGGER rollups_after_delete AFTER DELETE ON {source} REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION market.keep_rollups({name});
