-- Gives everything that HYDRA stores to hydra_owner: before revision 0012 it belonged to the account that migrated.
-- Hypertables hand their chunks over with themselves, tables their sequences and indexes. Default privileges of other
-- accounts go: every table says itself who may do what (sql/schema/roles.sql).
DO $$
DECLARE
    one record;
    owner CONSTANT regrole := 'hydra_owner';
    schemas CONSTANT regnamespace[] := ARRAY(
        SELECT oid FROM pg_namespace WHERE nspname IN ('market', 'hydra', 'ml', 'audit', 'messages', 'doorbells')
    );
BEGIN
    -- Only a member of a role may give it something, and migrate as it.
    IF NOT pg_has_role(current_user, owner, 'MEMBER') THEN
        GRANT hydra_owner TO CURRENT_USER;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE oid = ANY (schemas) AND nspowner <> owner) THEN
        RETURN;
    END IF;
    FOR one IN SELECT oid::regnamespace AS name FROM pg_namespace WHERE oid = ANY (schemas) AND nspowner <> owner LOOP
        EXECUTE format('ALTER SCHEMA %s OWNER TO hydra_owner', one.name);
    END LOOP;
    FOR one IN
        SELECT
            c.oid::regclass AS name,
            CASE WHEN a.view_name IS NULL THEN 'TABLE' ELSE 'MATERIALIZED VIEW' END AS kind
        FROM pg_class AS c
        LEFT JOIN timescaledb_information.continuous_aggregates AS a
            ON a.view_schema = c.relnamespace::regnamespace::text AND a.view_name = c.relname
        WHERE (c.relnamespace = ANY (schemas) OR c.oid = to_regclass('public.alembic_version'))
            AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner <> owner
        ORDER BY c.oid
    LOOP
        EXECUTE format('ALTER %s %s OWNER TO hydra_owner', one.kind, one.name);
    END LOOP;
    FOR one IN
        SELECT oid::regtype AS name FROM pg_type
        WHERE typnamespace = ANY (schemas) AND typtype = 'e' AND typowner <> owner
    LOOP
        EXECUTE format('ALTER TYPE %s OWNER TO hydra_owner', one.name);
    END LOOP;
    FOR one IN
        SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = ANY (schemas) AND proowner <> owner
    LOOP
        EXECUTE format('ALTER ROUTINE %s OWNER TO hydra_owner', one.name);
    END LOOP;
    FOR one IN
        SELECT
            d.defaclrole::regrole AS grantor,
            d.defaclnamespace::regnamespace AS place,
            CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' END AS kind,
            a.grantee::regrole AS grantee
        FROM pg_default_acl AS d
        CROSS JOIN LATERAL aclexplode(d.defaclacl) AS a
        WHERE d.defaclnamespace = ANY (schemas) AND d.defaclobjtype IN ('r', 'S')
        GROUP BY 1, 2, 3, 4
    LOOP
        EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %s IN SCHEMA %s REVOKE ALL ON %s FROM %s',
            one.grantor, one.place, one.kind, one.grantee);
    END LOOP;
END
$$;
