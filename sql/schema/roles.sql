-- What each group may do: the owner everything, the worker rows, the reader reads.
-- Objects of later migrations get the same by default privileges, which hold for objects of the user who runs this
-- script: the user who runs all migrations.

GRANT USAGE ON SCHEMA market, hydra, ml, audit, messages TO hydra_worker, hydra_reader;
GRANT ALL ON SCHEMA market, hydra, ml, audit, messages TO hydra_owner;

GRANT SELECT ON ALL TABLES IN SCHEMA market, hydra, ml, audit, messages TO hydra_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hydra, ml, messages TO hydra_worker;
-- Facts are written once: the worker may not change or delete them. Functions of the owner keep the rollups.
GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA market TO hydra_worker;
-- It keeps revisions aside; to let one replace a fact is the owner's (C125).
REVOKE INSERT ON market.revisions FROM hydra_worker;
GRANT INSERT (batch_id, target_table, key, stored, offered, known_at) ON market.revisions TO hydra_worker;
GRANT UPDATE ON market.import_batches TO hydra_worker;
GRANT DELETE ON market.gaps TO hydra_worker;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO hydra_worker;
GRANT ALL ON ALL TABLES IN SCHEMA market, hydra, ml, audit, messages TO hydra_owner;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA market FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA market TO hydra_worker, hydra_owner;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA market, hydra, ml, messages TO hydra_worker;
GRANT ALL ON ALL SEQUENCES IN SCHEMA market, hydra, ml, messages TO hydra_owner;
-- The schema revision: `hydra doctor` and `hydra db status` read it under any account.
GRANT SELECT ON public.alembic_version TO hydra_owner, hydra_worker, hydra_reader;

ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, ml, audit GRANT SELECT ON TABLES TO hydra_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA hydra, ml GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market GRANT SELECT, INSERT ON TABLES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA audit GRANT SELECT ON TABLES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, ml, audit GRANT ALL ON TABLES TO hydra_owner;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, ml GRANT USAGE ON SEQUENCES TO hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, ml GRANT ALL ON SEQUENCES TO hydra_owner;
