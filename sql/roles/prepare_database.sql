-- Lets the owner add schemas to this database, and the tools' table of revisions to schema public. Temporary tables are
-- for those who write: a reader could fill the disk with them, and with large objects and messages in the server's log,
-- which only a superuser can keep from it.
DO $$
DECLARE
    one record;
BEGIN
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO hydra_owner', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO hydra_worker', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO hydra_reader', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
        -- Its arguments differ between versions. It writes to the log of the server as much as it is given.
        FOR one IN SELECT oid::regprocedure AS name FROM pg_proc WHERE proname = 'pg_logical_emit_message' LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', one.name);
        END LOOP;
    END IF;
END
$$;
GRANT USAGE, CREATE ON SCHEMA public TO hydra_owner;
