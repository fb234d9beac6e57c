"""A database that is there but does not answer: what waits for it goes to disk, and comes back in order."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.ingest.live.rows import Gathered
from hydra.ingest.live.spill import SpillFolder
from hydra.ingest.live.store import Store
from hydra.ingest.live.writer import HandedOver, Writer
from tests.support.invented_frames import START_MS
from tests.support.servers.editions import ON_APACHE_ALONE
from tests.support.servers.logins import as_role

pytestmark = ON_APACHE_ALONE
START_US = START_MS * 1_000
ROWS = 50
VENUE = "frozen"


def handed_over(number: int) -> HandedOver:
    """The trades of one second."""
    gathered = Gathered()
    now_us = START_US + number * 1_000_000
    gathered.rows["trades"] += [
        (1, now_us, now_us, number * ROWS + row, 100.0, 1.0, True) for row in range(ROWS)
    ]
    return HandedOver(gathered, now_us, None, ())


def soon(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_rows_that_a_frozen_server_does_not_take_go_to_disk_and_are_stored_in_order(
    database_url: str, tmp_path: Path
) -> None:
    """Its backend is stopped with SIGSTOP for some seconds; memory may hold 200 rows."""
    url = as_role(database_url, Role.WORKER)
    with connect(url, autocommit=True) as connection:
        spill = SpillFolder(tmp_path)
        writer = Writer(url, Store(VENUE, _session(connection)), spill, most_rows=200, answer_within_s=1.0)
        writer.open()
        writer.start()
        writer.put(handed_over(0))
        soon(lambda: writer.stored_rows == ROWS)
        assert writer._connection is not None
        backend = writer._connection.info.backend_pid
        os.kill(backend, signal.SIGSTOP)
        try:
            for number in range(1, 40):
                writer.put(handed_over(number))
                time.sleep(0.05)
            soon(lambda: writer.waiting.queued <= 200)
            assert writer.waiting.spilled >= 39 * ROWS - 200
            assert _stored(connection) == ROWS
            assert writer.failure is None, "its own frozen session holds the lock of the venue"
        finally:
            os.kill(backend, signal.SIGCONT)
        writer.put(handed_over(40))
        soon(lambda: writer.stored_rows == 41 * ROWS)
        writer.close()
        progress = connection.execute(
            "SELECT extract(epoch FROM committed_through) * 1e6 FROM market.ingest_progress WHERE venue = %s",
            (VENUE,),
        ).fetchone()
        assert (writer.failure, writer.waiting.spilled, SpillFolder(tmp_path).rows) == (None, 0, 0)
        assert (_stored(connection), progress) == (41 * ROWS, (START_US + 40_000_000,))


def _stored(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM market.trades").fetchone()
    return int(row[0]) if row else 0


def _session(connection: psycopg.Connection) -> int:
    row = connection.execute(
        "INSERT INTO market.ingest_sessions (venue, environment, code_version, process_id)"
        " VALUES (%s, 'test', 'test', 1) RETURNING session_id",
        (VENUE,),
    ).fetchone()
    assert row is not None
    return int(row[0])
