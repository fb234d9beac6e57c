"""Named locks: one process at a time, and no reader can take one or hold one up."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import psycopg
import pytest

from hydra.db import locks
from hydra.db.engine import connect
from hydra.db.migrate import upgrade_to_head
from hydra.db.roles import Role
from tests.support.servers.logins import as_role

HELD = "SELECT count(*) FROM hydra.held_locks WHERE name = %s"
LOCK = locks.of_run(7)
INSERT = "INSERT INTO market.candles_1m VALUES (1, '2025-06-01 00:00Z', '2025-06-01 00:01Z', 1, 1, 1, 1, 1)"


class Sessions:
    """Sessions of the database, closed at the end."""

    def __init__(self, url: str, stack: ExitStack) -> None:
        self._url, self._stack = url, stack

    def of(self, role: Role) -> psycopg.Connection:
        opened = connect(as_role(self._url, role), autocommit=True)
        self._stack.enter_context(closing(opened))
        return opened


@pytest.fixture
def sessions(database_url: str) -> Iterator[Sessions]:
    with ExitStack() as stack:
        yield Sessions(database_url, stack)


def is_held(connection: psycopg.Connection) -> bool:
    return connection.execute(HELD, (LOCK,)).fetchone() != (0,)


def wait_until(condition: object) -> None:
    deadline = time.monotonic() + 20
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_lock_is_one_sessions_until_it_ends(sessions: Sessions) -> None:
    one, other, reader = sessions.of(Role.WORKER), sessions.of(Role.WORKER), sessions.of(Role.READER)
    assert not is_held(reader)
    assert locks.take(one, LOCK)
    assert locks.take(one, LOCK)
    assert is_held(reader)
    assert not locks.take(other, LOCK)
    assert locks.take(other, locks.of_run(8))
    one.close()
    wait_until(lambda: locks.take(other, LOCK))
    assert is_held(reader)
    locks.release(other, LOCK)
    assert not is_held(reader)


def test_a_lock_is_waited_for(sessions: Sessions) -> None:
    one, other = sessions.of(Role.WORKER), sessions.of(Role.OWNER)
    assert locks.take(one, LOCK)
    started = time.monotonic()
    assert not locks.take(other, LOCK, wait_s=0.3)
    assert time.monotonic() - started >= 0.3
    threading.Timer(0.3, one.close).start()
    assert locks.take(other, LOCK, wait_s=20)


def test_a_reader_cannot_take_a_lock(sessions: Sessions) -> None:
    reader = sessions.of(Role.READER)
    for statement in (
        "SELECT hydra.take_lock('import')",
        "UPDATE hydra.locks SET key = 1",
        "DELETE FROM hydra.locks",
    ):
        reader.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute(statement)
    for table in ("hydra.locks", "public.alembic_version", "market.instruments", "market.candles_5m_rollup"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
            reader.execute(f"LOCK TABLE {table} IN SHARE MODE")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
            reader.execute(f"SELECT FROM {table} FOR SHARE")


@pytest.mark.parametrize(
    "key",
    ["hashtext('hydra import')", "hashtext('hydra generated market')", "hashtext('hydra.audit_rounds')"],
)
def test_the_keys_of_before_hold_nobody_up(sessions: Sessions, key: str) -> None:
    reader, worker = sessions.of(Role.READER), sessions.of(Role.WORKER)
    reader.execute(f"SELECT pg_advisory_lock({key}), pg_advisory_lock(1213616210, 7)")
    for name in (locks.IMPORT, locks.GENERATED_MARKET, locks.AUDITS, LOCK):
        assert locks.take(worker, name)
        locks.release(worker, name)


def test_a_reader_who_waits_for_the_key_of_a_lock_gets_nothing(sessions: Sessions) -> None:
    """pg_locks shows every key while it is held, so a key that stays the same can be waited for."""
    reader, first, second = sessions.of(Role.READER), sessions.of(Role.WORKER), sessions.of(Role.WORKER)
    assert locks.take(first, LOCK)
    row = reader.execute("SELECT key FROM hydra.locks WHERE name = %s", (LOCK,)).fetchone()
    assert row is not None
    waiting = threading.Thread(target=reader.execute, args=("SELECT pg_advisory_lock(%s)", row))
    waiting.start()
    first.close()
    waiting.join(20)
    assert not waiting.is_alive()
    assert not is_held(second)
    assert locks.take(second, LOCK)
    assert is_held(second)
    assert reader.execute("SELECT pg_advisory_unlock(%s)", row).fetchone() == (True,)
    assert is_held(second)


def test_a_reader_cannot_hold_up_a_migration(sessions: Sessions, database_url: str) -> None:
    reader = sessions.of(Role.READER)
    reader.execute("SELECT pg_advisory_lock(4912734001)")
    with reader.transaction():
        reader.execute("SELECT count(*) FROM public.alembic_version, hydra.locks")
        upgrade_to_head(database_url)


def test_a_reader_cannot_hold_up_the_rollups(sessions: Sessions) -> None:
    reader, worker = sessions.of(Role.READER), sessions.of(Role.WORKER)
    for number in (1, 2, 3):
        reader.execute("SELECT pg_advisory_lock(4912734, %s)", (number,))
    with reader.transaction(), worker.transaction(force_rollback=True):
        reader.execute("SELECT count(*) FROM market.candles_5m_rollup, market.candles_1m")
        worker.execute("SET LOCAL lock_timeout = '5s'")
        worker.execute(INSERT)
        assert worker.execute("SELECT count(*) FROM market.candles_4h").fetchone() == (1,)
