-- From a database of revision 0011 to the schema of sql/schema.
-- Not run for empty databases: they are built from sql/schema.

ALTER SCHEMA doorbells RENAME TO messages;

-- Secrets that were given by --set stand in what was tried. They are no parameters any more.
DO $$
DECLARE
    secrets CONSTANT text[] := ARRAY['BINANCE_API_KEY', 'BINANCE_API_SECRET', 'ANTHROPIC_API_KEY',
        'CRYPTOCOMPARE_API_KEY', 'HYDRA_DATABASE_URL', 'HYDRA_BROKER_URL'];
    one record;
BEGIN
    FOR one IN
        SELECT trial_id, key FROM ml.trials CROSS JOIN LATERAL jsonb_object_keys(parameters) AS key
        WHERE upper(key) = ANY (secrets)
    LOOP
        UPDATE ml.trials SET parameters = parameters - one.key WHERE trial_id = one.trial_id;
    END LOOP;
    FOR one IN
        SELECT study_id, '{shared}'::text[] || key AS place
        FROM ml.studies CROSS JOIN LATERAL jsonb_object_keys(specification -> 'shared') AS key
        WHERE upper(key) = ANY (secrets)
        UNION ALL
        SELECT study_id, ARRAY['trials', (number - 1)::text, key]
        FROM ml.studies
        CROSS JOIN LATERAL jsonb_array_elements(specification -> 'trials') WITH ORDINALITY AS trial (given, number)
        CROSS JOIN LATERAL jsonb_object_keys(given) AS key
        WHERE upper(key) = ANY (secrets)
    LOOP
        UPDATE ml.studies SET specification = specification #- one.place WHERE study_id = one.study_id;
    END LOOP;
END
$$;
