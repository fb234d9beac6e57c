-- How the rollups of the Apache edition are kept: liquidations and open interest.
-- A refresh re-aggregates every bucket that touches [first_time, last_time] for the instruments given
-- (null: all), writes only rows that differ and removes buckets that have no rows any more.
-- The lock lets one writer at a time past; the statements behind it take their snapshot after it was
-- granted, so they see what the writer before has committed and no bucket misses a row.

CREATE FUNCTION market.refresh_liquidation_rollups(ids smallint[], first_time timestamptz, last_time timestamptz)
RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4912734, 2);
    WITH fresh (instrument_id, time, known_at, long_usd, short_usd, long_count, short_count,
        row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '1 minute', c.time),
            max(c.known_at),
            coalesce(sum(c.value_usd) FILTER (WHERE c.side = 'LONG'), 0),
            coalesce(sum(c.value_usd) FILTER (WHERE c.side = 'SHORT'), 0),
            count(*) FILTER (WHERE c.side = 'LONG'), count(*) FILTER (WHERE c.side = 'SHORT'), count(*)
        FROM market.liquidations AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time >= time_bucket(interval '1 minute', first_time)
            AND c.time < time_bucket(interval '1 minute', last_time) + interval '1 minute'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.liquidations_1m AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time >= time_bucket(interval '1 minute', first_time)
            AND r.time < time_bucket(interval '1 minute', last_time) + interval '1 minute'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.liquidations_1m AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        long_usd = excluded.long_usd,
        short_usd = excluded.short_usd,
        long_count = excluded.long_count,
        short_count = excluded.short_count,
        row_count = excluded.row_count
    WHERE (r.known_at, r.long_usd, r.short_usd, r.long_count, r.short_count, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.long_usd, excluded.short_usd, excluded.long_count,
        excluded.short_count, excluded.row_count);

    WITH fresh (instrument_id, time, known_at, long_usd, short_usd, long_count, short_count,
        row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '5 minutes', c.time),
            max(c.known_at), sum(c.long_usd), sum(c.short_usd),
            sum(c.long_count)::bigint, sum(c.short_count)::bigint, sum(c.row_count)::bigint
        FROM market.liquidations_1m AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time >= time_bucket(interval '5 minutes', first_time)
            AND c.time < time_bucket(interval '5 minutes', last_time) + interval '5 minutes'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.liquidations_5m AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time >= time_bucket(interval '5 minutes', first_time)
            AND r.time < time_bucket(interval '5 minutes', last_time) + interval '5 minutes'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.liquidations_5m AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        long_usd = excluded.long_usd,
        short_usd = excluded.short_usd,
        long_count = excluded.long_count,
        short_count = excluded.short_count,
        row_count = excluded.row_count
    WHERE (r.known_at, r.long_usd, r.short_usd, r.long_count, r.short_count, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.long_usd, excluded.short_usd, excluded.long_count,
        excluded.short_count, excluded.row_count);
END
$$;
COMMENT ON FUNCTION market.refresh_liquidation_rollups(smallint[], timestamptz, timestamptz) IS
    'Brings liquidations_1m and 5m up to date for [first_time, last_time]';

CREATE FUNCTION market.refresh_open_interest_rollups(ids smallint[], first_time timestamptz, last_time timestamptz)
RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4912734, 3);
    WITH fresh (instrument_id, time, known_at, measured_at, contracts, value_usd, row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '5 minutes', c.time - interval '1 microsecond') + interval '5 minutes',
            max(c.known_at), max(c.time), last(c.contracts, c.time), last(c.value_usd, c.time), count(*)
        FROM market.open_interest AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time > time_bucket(interval '5 minutes', first_time - interval '1 microsecond')
            AND c.time <= time_bucket(interval '5 minutes', last_time - interval '1 microsecond')
                + interval '5 minutes'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.open_interest_5m AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time > time_bucket(interval '5 minutes', first_time - interval '1 microsecond')
            AND r.time <= time_bucket(interval '5 minutes', last_time - interval '1 microsecond')
                + interval '5 minutes'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.open_interest_5m AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        measured_at = excluded.measured_at,
        contracts = excluded.contracts,
        value_usd = excluded.value_usd,
        row_count = excluded.row_count
    WHERE (r.known_at, r.measured_at, r.contracts, r.value_usd, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.measured_at, excluded.contracts, excluded.value_usd,
        excluded.row_count);
END
$$;
COMMENT ON FUNCTION market.refresh_open_interest_rollups(smallint[], timestamptz, timestamptz) IS
    'Brings open_interest_5m up to date for [first_time, last_time]; a bucket is (g - 5 min, g]';
