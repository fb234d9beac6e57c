-- Lets the owner add schemas to this database, and the tools' table of revisions to schema public. Temporary tables are
-- for those who write: a reader could fill the disk with them, and with large objects, which only a superuser can keep
-- from it.
DO $$
BEGIN
    EXECUTE format('GRANT CONNECT, CREATE, TEMPORARY ON DATABASE %I TO hydra_owner', current_database());
    EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO hydra_worker', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO hydra_reader', current_database());
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        REVOKE EXECUTE ON FUNCTION lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) FROM PUBLIC;
    END IF;
END
$$;
GRANT USAGE, CREATE ON SCHEMA public TO hydra_owner;
