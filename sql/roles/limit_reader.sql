-- Keeps one reader from taking everything: its connections are counted by the server; the time-outs are what its
-- sessions begin with.
ALTER ROLE hydra_reader CONNECTION LIMIT {connections};
ALTER ROLE hydra_reader SET statement_timeout = {statement_timeout};
ALTER ROLE hydra_reader SET idle_in_transaction_session_timeout = {idle_timeout};
ALTER ROLE hydra_reader SET default_transaction_read_only = on;
-- A large sort goes to the disk. Only a superuser may set this, and then the reader cannot take it back.
DO $$
BEGIN
    IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        ALTER ROLE hydra_reader SET temp_file_limit = {temporary_files};
    END IF;
END
$$;
