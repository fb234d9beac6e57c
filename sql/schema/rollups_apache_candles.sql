-- How the rollups of the Apache edition are kept: candles, each level from the level below.
-- A refresh re-aggregates every bucket that touches [first_time, last_time] for the instruments given
-- (null: all), writes only rows that differ and removes buckets that have no rows any more.
-- The lock lets one writer at a time past; the statements behind it take their snapshot after it was
-- granted, so they see what the writer before has committed and no bucket misses a row.

CREATE FUNCTION market.refresh_candle_rollups(ids smallint[], first_time timestamptz, last_time timestamptz)
RETURNS void LANGUAGE plpgsql SET work_mem = '64MB' AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(4912734, 1);
    WITH fresh (instrument_id, time, known_at, open, high, low, close, volume, quote_volume,
        quote_volume_recorded_rows, trade_count, taker_buy_volume,
        taker_buy_quote_volume, row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '5 minutes', c.time),
            max(c.known_at), first(c.open, c.time), max(c.high), min(c.low), last(c.close, c.time), sum(c.volume),
            sum(coalesce(c.quote_volume, c.volume * (c.high + c.low + c.close) / 3)), count(c.quote_volume),
            CASE WHEN count(c.trade_count) = count(*) THEN sum(c.trade_count) END,
            CASE WHEN count(c.taker_buy_volume) = count(*) THEN sum(c.taker_buy_volume) END,
            CASE WHEN count(c.taker_buy_quote_volume) = count(*) THEN sum(c.taker_buy_quote_volume) END,
            count(*)
        FROM market.candles_1m AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time >= time_bucket(interval '5 minutes', first_time)
            AND c.time < time_bucket(interval '5 minutes', last_time) + interval '5 minutes'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.candles_5m_rollup AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time >= time_bucket(interval '5 minutes', first_time)
            AND r.time < time_bucket(interval '5 minutes', last_time) + interval '5 minutes'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.candles_5m_rollup AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume,
        quote_volume = excluded.quote_volume,
        quote_volume_recorded_rows = excluded.quote_volume_recorded_rows,
        trade_count = excluded.trade_count,
        taker_buy_volume = excluded.taker_buy_volume,
        taker_buy_quote_volume = excluded.taker_buy_quote_volume,
        row_count = excluded.row_count
    WHERE (r.known_at, r.open, r.high, r.low, r.close, r.volume, r.quote_volume, r.quote_volume_recorded_rows,
        r.trade_count, r.taker_buy_volume, r.taker_buy_quote_volume, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
        excluded.quote_volume, excluded.quote_volume_recorded_rows, excluded.trade_count,
        excluded.taker_buy_volume, excluded.taker_buy_quote_volume, excluded.row_count);

    WITH fresh (instrument_id, time, known_at, open, high, low, close, volume, quote_volume,
        quote_volume_recorded_rows, trade_count, taker_buy_volume,
        taker_buy_quote_volume, row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '15 minutes', c.time),
            max(c.known_at), first(c.open, c.time), max(c.high), min(c.low), last(c.close, c.time), sum(c.volume),
            sum(c.quote_volume), sum(c.quote_volume_recorded_rows)::bigint,
            CASE WHEN count(c.trade_count) = count(*) THEN sum(c.trade_count)::bigint END,
            CASE WHEN count(c.taker_buy_volume) = count(*) THEN sum(c.taker_buy_volume) END,
            CASE WHEN count(c.taker_buy_quote_volume) = count(*) THEN sum(c.taker_buy_quote_volume) END,
            sum(c.row_count)::bigint
        FROM market.candles_5m_rollup AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time >= time_bucket(interval '15 minutes', first_time)
            AND c.time < time_bucket(interval '15 minutes', last_time) + interval '15 minutes'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.candles_15m AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time >= time_bucket(interval '15 minutes', first_time)
            AND r.time < time_bucket(interval '15 minutes', last_time) + interval '15 minutes'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.candles_15m AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume,
        quote_volume = excluded.quote_volume,
        quote_volume_recorded_rows = excluded.quote_volume_recorded_rows,
        trade_count = excluded.trade_count,
        taker_buy_volume = excluded.taker_buy_volume,
        taker_buy_quote_volume = excluded.taker_buy_quote_volume,
        row_count = excluded.row_count
    WHERE (r.known_at, r.open, r.high, r.low, r.close, r.volume, r.quote_volume, r.quote_volume_recorded_rows,
        r.trade_count, r.taker_buy_volume, r.taker_buy_quote_volume, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
        excluded.quote_volume, excluded.quote_volume_recorded_rows, excluded.trade_count,
        excluded.taker_buy_volume, excluded.taker_buy_quote_volume, excluded.row_count);

    WITH fresh (instrument_id, time, known_at, open, high, low, close, volume, quote_volume,
        quote_volume_recorded_rows, trade_count, taker_buy_volume,
        taker_buy_quote_volume, row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '1 hour', c.time),
            max(c.known_at), first(c.open, c.time), max(c.high), min(c.low), last(c.close, c.time), sum(c.volume),
            sum(c.quote_volume), sum(c.quote_volume_recorded_rows)::bigint,
            CASE WHEN count(c.trade_count) = count(*) THEN sum(c.trade_count)::bigint END,
            CASE WHEN count(c.taker_buy_volume) = count(*) THEN sum(c.taker_buy_volume) END,
            CASE WHEN count(c.taker_buy_quote_volume) = count(*) THEN sum(c.taker_buy_quote_volume) END,
            sum(c.row_count)::bigint
        FROM market.candles_15m AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time >= time_bucket(interval '1 hour', first_time)
            AND c.time < time_bucket(interval '1 hour', last_time) + interval '1 hour'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.candles_1h AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time >= time_bucket(interval '1 hour', first_time)
            AND r.time < time_bucket(interval '1 hour', last_time) + interval '1 hour'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.candles_1h AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume,
        quote_volume = excluded.quote_volume,
        quote_volume_recorded_rows = excluded.quote_volume_recorded_rows,
        trade_count = excluded.trade_count,
        taker_buy_volume = excluded.taker_buy_volume,
        taker_buy_quote_volume = excluded.taker_buy_quote_volume,
        row_count = excluded.row_count
    WHERE (r.known_at, r.open, r.high, r.low, r.close, r.volume, r.quote_volume, r.quote_volume_recorded_rows,
        r.trade_count, r.taker_buy_volume, r.taker_buy_quote_volume, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
        excluded.quote_volume, excluded.quote_volume_recorded_rows, excluded.trade_count,
        excluded.taker_buy_volume, excluded.taker_buy_quote_volume, excluded.row_count);

    WITH fresh (instrument_id, time, known_at, open, high, low, close, volume, quote_volume,
        quote_volume_recorded_rows, trade_count, taker_buy_volume,
        taker_buy_quote_volume, row_count) AS MATERIALIZED (
        SELECT
            c.instrument_id,
            time_bucket(interval '4 hours', c.time),
            max(c.known_at), first(c.open, c.time), max(c.high), min(c.low), last(c.close, c.time), sum(c.volume),
            sum(c.quote_volume), sum(c.quote_volume_recorded_rows)::bigint,
            CASE WHEN count(c.trade_count) = count(*) THEN sum(c.trade_count)::bigint END,
            CASE WHEN count(c.taker_buy_volume) = count(*) THEN sum(c.taker_buy_volume) END,
            CASE WHEN count(c.taker_buy_quote_volume) = count(*) THEN sum(c.taker_buy_quote_volume) END,
            sum(c.row_count)::bigint
        FROM market.candles_1h AS c
        WHERE (ids IS NULL OR c.instrument_id = ANY (ids))
            AND c.time >= time_bucket(interval '4 hours', first_time)
            AND c.time < time_bucket(interval '4 hours', last_time) + interval '4 hours'
        GROUP BY 1, 2
    ), removed AS (
        DELETE FROM market.candles_4h AS r
        WHERE (ids IS NULL OR r.instrument_id = ANY (ids))
            AND r.time >= time_bucket(interval '4 hours', first_time)
            AND r.time < time_bucket(interval '4 hours', last_time) + interval '4 hours'
            AND NOT EXISTS (
                SELECT FROM fresh AS f WHERE f.instrument_id = r.instrument_id AND f.time = r.time
            )
    )
    INSERT INTO market.candles_4h AS r
    SELECT * FROM fresh
    ON CONFLICT (instrument_id, time) DO UPDATE SET
        known_at = excluded.known_at,
        open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume,
        quote_volume = excluded.quote_volume,
        quote_volume_recorded_rows = excluded.quote_volume_recorded_rows,
        trade_count = excluded.trade_count,
        taker_buy_volume = excluded.taker_buy_volume,
        taker_buy_quote_volume = excluded.taker_buy_quote_volume,
        row_count = excluded.row_count
    WHERE (r.known_at, r.open, r.high, r.low, r.close, r.volume, r.quote_volume, r.quote_volume_recorded_rows,
        r.trade_count, r.taker_buy_volume, r.taker_buy_quote_volume, r.row_count)
        IS DISTINCT FROM
        (excluded.known_at, excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume,
        excluded.quote_volume, excluded.quote_volume_recorded_rows, excluded.trade_count,
        excluded.taker_buy_volume, excluded.taker_buy_quote_volume, excluded.row_count);
END
$$;
COMMENT ON FUNCTION market.refresh_candle_rollups(smallint[], timestamptz, timestamptz) IS
    'Brings candles_5m_rollup, 15m, 1h and 4h up to date for [first_time, last_time]';
