-- The trigger that keeps the rollups of the Apache edition after every statement.
CREATE FUNCTION market.keep_rollups() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stretch record;
BEGIN
    IF current_setting('hydra.rollups', true) = 'deferred' THEN
        RETURN NULL;
    END IF;
    -- Rows more than four hours (the widest bucket) apart are refreshed separately: corrections a year apart
    -- must not re-aggregate the year between them.
    FOR stretch IN
        SELECT array_agg(DISTINCT instrument_id) AS ids, min(time) AS first_time, max(time) AS last_time
        FROM (
            SELECT instrument_id, time, count(*) FILTER (WHERE apart) OVER (ORDER BY time) AS number
            FROM (
                SELECT
                    instrument_id,
                    time,
                    time - lag(time) OVER (ORDER BY time) > interval '4 hours' AS apart
                FROM touched
            ) AS stepped
        ) AS numbered
        GROUP BY number
        ORDER BY first_time
    LOOP
        EXECUTE format('SELECT market.%I($1, $2, $3)', TG_ARGV[0])
            USING stretch.ids, stretch.first_time, stretch.last_time;
    END LOOP;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION market.keep_rollups() IS
    'Statement trigger: refreshes the rollups (by the function named in its argument) of the touched buckets';
