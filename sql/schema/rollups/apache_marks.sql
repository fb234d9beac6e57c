-- Rollups of tables with many rows a minute (Apache edition): a statement only marks the minutes that it touched, and
-- refresh_marked_rollups brings the marked ones up to date once they have closed. To aggregate a minute again at every
-- batch would read each of its trades a hundred times.
-- A mark is a row of its own for each statement and never a shared one: whoever deletes a mark sees the facts that were
-- committed with it, so no fact is left out.
CREATE TABLE market.rollup_marks (
    refresh_function TEXT NOT NULL,
    instrument_id SMALLINT NOT NULL,
    minute TIMESTAMP WITH TIME ZONE NOT NULL
);
COMMENT ON TABLE market.rollup_marks IS 'Minutes whose rollups are behind their facts, until refresh_marked_rollups takes them';
COMMENT ON COLUMN market.rollup_marks.refresh_function IS 'The function of schema market that refreshes them';
COMMENT ON COLUMN market.rollup_marks.instrument_id IS 'The instrument (market.instruments)';
COMMENT ON COLUMN market.rollup_marks.minute IS 'Start of the minute, UTC';

CREATE FUNCTION market.mark_rollups() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF current_setting('hydra.rollups', true) = 'deferred' THEN
        RETURN NULL;
    END IF;
    INSERT INTO market.rollup_marks (refresh_function, instrument_id, minute)
    SELECT DISTINCT TG_ARGV[0], instrument_id, time_bucket(interval '1 minute', time) FROM touched;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION market.mark_rollups() IS
'Statement trigger: marks the minutes whose rollups the function named in its argument has to refresh';

CREATE FUNCTION market.refresh_marked_rollups(closed_by timestamptz) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    hour record;
    refreshed bigint := 0;
BEGIN
    FOR hour IN
        WITH taken AS (
            DELETE FROM market.rollup_marks WHERE minute + interval '1 minute' <= closed_by RETURNING *
        )
        SELECT
            refresh_function,
            array_agg(DISTINCT instrument_id) AS ids,
            min(minute) AS first_time,
            max(minute) AS last_time,
            count(DISTINCT (instrument_id, minute)) AS minutes
        FROM taken
        GROUP BY refresh_function, time_bucket(interval '1 hour', minute)
        ORDER BY refresh_function, first_time
    LOOP
        EXECUTE format('SELECT market.%I($1, $2, $3)', hour.refresh_function)
            USING hour.ids, hour.first_time, hour.last_time;
        refreshed := refreshed + hour.minutes;
    END LOOP;
    RETURN refreshed;
END
$$;
COMMENT ON FUNCTION market.refresh_marked_rollups(timestamptz) IS
'Refreshes the rollups of the marked minutes that had closed by an instant; how many minutes of instruments they were';
