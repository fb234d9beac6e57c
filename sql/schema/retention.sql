-- Schema market: how long facts are kept. The owner sets the windows, the running system applies them.

CREATE TABLE market.retention (
    source_table TEXT NOT NULL,
    keep_days INTEGER,
    compress_after_days INTEGER,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT retention_pkey PRIMARY KEY (source_table),
    CONSTRAINT retention_keep_days_check CHECK (keep_days >= 7),
    CONSTRAINT retention_compress_after_days_check CHECK (compress_after_days >= 1)
);
COMMENT ON TABLE market.retention IS 'How long the facts of each table are kept (settings RETENTION_DAYS and COMPRESS_AFTER_DAYS)';
COMMENT ON COLUMN market.retention.source_table IS 'Table of schema market';
COMMENT ON COLUMN market.retention.keep_days IS
'Days after which a chunk is dropped, counted from its making: recorded history is kept as long as live facts; null: for ever';
COMMENT ON COLUMN market.retention.compress_after_days IS
'Days after which a chunk is compressed, on the community edition; null: never';
COMMENT ON COLUMN market.retention.updated_at IS 'Wall clock of the row';

-- Statements that only the community edition knows run as text: this function is the same on both.
CREATE FUNCTION market.apply_retention()
RETURNS TABLE (source_table text, keep_days integer, dropped_chunks bigint) LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    kept record;
    facts regclass;
    age interval;
BEGIN
    FOR kept IN SELECT r.* FROM market.retention AS r ORDER BY r.source_table LOOP
        facts := format('market.%I', kept.source_table)::regclass;
        age := make_interval(days => kept.keep_days);
        source_table := kept.source_table;
        keep_days := kept.keep_days;
        dropped_chunks := 0;
        IF age IS NOT NULL THEN
            SELECT count(*) INTO dropped_chunks FROM drop_chunks(facts, created_before => now() - age);
        END IF;
        IF current_setting('timescaledb.license') = 'timescale' THEN
            PERFORM market.keep_policies(facts, age, make_interval(days => kept.compress_after_days));
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION market.apply_retention() IS
'Drops the chunks that were made longer ago than market.retention says; on the community edition keeps the policies';

CREATE FUNCTION market.keep_policies(facts regclass, drop_age interval, compress_age interval)
RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    policy record;
    is_compressed boolean;
BEGIN
    SELECT h.compression_enabled INTO is_compressed
    FROM timescaledb_information.hypertables AS h
    WHERE format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass = facts;
    FOR policy IN
        SELECT wanted.*, found.age AS found_age
        FROM (VALUES
            ('policy_retention', 'drop_created_before', drop_age, 'remove_retention_policy',
                'add_retention_policy(%L, drop_created_before => %L)'),
            ('policy_compression', 'compress_created_before', compress_age, 'remove_compression_policy',
                'add_compression_policy(%L, compress_created_before => %L)')
        ) AS wanted (name, key, age, removal, addition)
        LEFT JOIN LATERAL (
            SELECT (j.config ->> wanted.key)::interval AS age
            FROM timescaledb_information.jobs AS j
            WHERE j.proc_name = wanted.name
                AND format('%I.%I', j.hypertable_schema, j.hypertable_name)::regclass = facts
        ) AS found ON true
    LOOP
        CONTINUE WHEN policy.found_age IS NOT DISTINCT FROM policy.age;
        EXECUTE format('SELECT %I(%L, if_exists => true)', policy.removal, facts);
        CONTINUE WHEN policy.age IS NULL;
        IF policy.name = 'policy_compression' AND NOT is_compressed THEN
            EXECUTE format(
                'ALTER TABLE %s SET (timescaledb.compress, timescaledb.compress_segmentby = ''instrument_id'')', facts
            );
        END IF;
        EXECUTE 'SELECT ' || format(policy.addition, facts, policy.age);
    END LOOP;
END
$$;
COMMENT ON FUNCTION market.keep_policies(regclass, interval, interval) IS
'Community edition: gives a table the policies that drop and compress its chunks at these ages; null: no policy';
