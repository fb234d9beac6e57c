-- Every version of the facts that a repair may replace, for reads as of a time: the row that stands, and each row that
-- a repair replaced, with the instant until which it counted (C125).

DO $$
DECLARE
    fact text;
    same record;
BEGIN
    FOREACH fact IN ARRAY ARRAY[
        'candles_1m', 'candles_5m_recorded', 'mark_prices', 'funding_rates', 'open_interest', 'positioning'
    ]
    LOOP
        EXECUTE format($view$
            CREATE OR REPLACE VIEW market.%1$I AS
            SELECT f.*, timestamptz 'infinity' AS replaced_at
            FROM market.%2$I AS f
            UNION ALL
            SELECT f.*, r.applied_at
            FROM market.revisions AS r
            CROSS JOIN LATERAL jsonb_populate_record(NULL::market.%2$I, r.stored) AS f
            WHERE r.applied AND r.target_table = %2$L
        $view$, fact || '_versions', fact);
        EXECUTE format('COMMENT ON VIEW market.%I IS %L', fact || '_versions',
            'What counts at a time t? The rows of ' || fact || ' and those that a repair replaced, with known_at <= t'
            ' < replaced_at');
        FOR same IN
            SELECT attname AS name, col_description(attrelid, attnum) AS words
            FROM pg_attribute
            WHERE attrelid = ('market.' || fact)::regclass AND attnum > 0 AND NOT attisdropped
            UNION ALL
            SELECT 'replaced_at', 'Until when this row counted; infinity: it still stands'
        LOOP
            EXECUTE format('COMMENT ON COLUMN market.%I.%I IS %L', fact || '_versions', same.name, same.words);
        END LOOP;
    END LOOP;
END
$$;
