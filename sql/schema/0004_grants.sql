-- What each group may do (law 9). Tables of later migrations get the same by default privileges: those hold for
-- objects made by the user who runs this script, which is the user who runs all migrations.

CREATE SCHEMA audit;
COMMENT ON SCHEMA audit IS 'Questions with ready answers: views only, nothing is stored here';

GRANT USAGE ON SCHEMA market, hydra, audit TO hydra_worker, hydra_reader;
GRANT ALL ON SCHEMA market, hydra, audit TO hydra_owner;

GRANT SELECT ON ALL TABLES IN SCHEMA market, hydra, audit TO hydra_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA market, hydra TO hydra_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO hydra_worker;
GRANT ALL ON ALL TABLES IN SCHEMA market, hydra, audit TO hydra_owner;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA market, hydra TO hydra_worker;
GRANT ALL ON ALL SEQUENCES IN SCHEMA market, hydra TO hydra_owner;
-- Which schema this is: `hydra doctor` and `hydra db status` ask under any account.
GRANT SELECT ON public.alembic_version TO hydra_owner, hydra_worker, hydra_reader;

ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, audit GRANT SELECT ON TABLES TO hydra_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, audit GRANT ALL ON TABLES TO hydra_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra GRANT USAGE ON SEQUENCES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra GRANT ALL ON SEQUENCES TO hydra_owner;
