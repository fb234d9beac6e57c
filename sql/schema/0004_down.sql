-- Undoes 0004 in this database. The roles stay: other databases of the server may use them.

ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, audit REVOKE ALL ON TABLES FROM hydra_owner, hydra_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra, audit REVOKE ALL ON TABLES FROM hydra_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA market, hydra REVOKE ALL ON SEQUENCES FROM hydra_owner, hydra_worker;

REVOKE ALL ON ALL TABLES IN SCHEMA market, hydra, audit FROM hydra_owner, hydra_worker, hydra_reader;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA market, hydra FROM hydra_owner, hydra_worker, hydra_reader;
REVOKE ALL ON public.alembic_version FROM hydra_owner, hydra_worker, hydra_reader;
REVOKE ALL ON SCHEMA market, hydra, audit FROM hydra_owner, hydra_worker, hydra_reader;

DROP SCHEMA audit;
