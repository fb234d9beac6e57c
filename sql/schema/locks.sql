-- Schema hydra: locks that readers can neither take nor hold up.
-- PostgreSQL's advisory locks are open to every session, and pg_locks shows their keys to everyone. So each time a lock
-- is taken it gets a new random key, stored here once it is held; and it counts as held only while a session of the
-- worker or the owner holds that key. A reader who sees the key comes too late, and counts for nothing.

CREATE TABLE hydra.locks (
    name TEXT NOT NULL,
    key BIGINT NOT NULL,
    CONSTRAINT locks_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE hydra.locks IS 'What one process at a time may do; hydra.held_locks says who does it now';
COMMENT ON COLUMN hydra.locks.name IS 'What is locked: run N, execution N, import, audits, generated market, terms, alerts, news, news scan';
COMMENT ON COLUMN hydra.locks.key IS 'Advisory lock of the last session that took it; random, another one each time';

CREATE VIEW hydra.held_locks AS
SELECT
    locks.name,
    held.pid
FROM hydra.locks
JOIN pg_locks AS held ON (held.classid::bigint << 32) | held.objid::bigint = locks.key
JOIN pg_stat_activity AS session ON session.pid = held.pid
WHERE held.locktype = 'advisory' AND held.objsubid = 1 AND held.mode = 'ExclusiveLock' AND held.granted
    AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (pg_has_role(session.usesysid, 'hydra_worker', 'MEMBER')
        OR pg_has_role(session.usesysid, 'hydra_owner', 'MEMBER'));
COMMENT ON VIEW hydra.held_locks IS 'The locks that a session of the worker or the owner holds now; a run that is alive holds run N';
COMMENT ON COLUMN hydra.held_locks.name IS 'What is locked (hydra.locks)';
COMMENT ON COLUMN hydra.held_locks.pid IS 'The server process of that session';

CREATE FUNCTION hydra.take_lock(wanted text)
RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    fresh CONSTANT bigint := ('x' || left(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint;
BEGIN
    INSERT INTO hydra.locks (name, key) VALUES (wanted, fresh) ON CONFLICT (name) DO NOTHING;
    PERFORM FROM hydra.locks WHERE name = wanted FOR UPDATE;
    IF EXISTS (SELECT FROM hydra.held_locks WHERE name = wanted AND pid <> pg_backend_pid()) THEN
        RETURN false;
    END IF;
    PERFORM pg_advisory_lock(fresh);
    UPDATE hydra.locks SET key = fresh WHERE name = wanted;
    RETURN true;
END
$$;
COMMENT ON FUNCTION hydra.take_lock(text) IS
'Takes the lock of this name for the life of the session; false if another session has it';

CREATE FUNCTION hydra.release_lock(wanted text)
RETURNS boolean LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT pg_advisory_unlock(key) FROM hydra.locks WHERE name = wanted
$$;
COMMENT ON FUNCTION hydra.release_lock(text) IS 'Gives a lock back that this session has taken';
