"""The thread that stores what is heard, in order, and keeps it while the database is away.

What waits is in memory up to a bound; beyond it the oldest batches go to the spill folder. So everything in
the folder is older than everything in memory, and the order of storing is the order of hearing. A database
that does not answer within some time counts as away: its connection is closed.
"""

import logging
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final

import psycopg

from hydra.db import locks, queries
from hydra.db.engine import connect
from hydra.errors import DatabaseError, HydraError, RetryError, StopError
from hydra.ingest.live.batch import Batch, one_batch
from hydra.ingest.live.lost_rows import lost
from hydra.ingest.live.rows import Gathered
from hydra.ingest.live.spill import SpillFolder
from hydra.ingest.live.store import Store, Waiting
from hydra.ingest.live.turn import lock_of

MOST_ROWS_IN_MEMORY: Final = 400_000
MOST_ROWS_A_BATCH: Final = 50_000
RETRY_EVERY_S: Final = 1.0
ANSWER_WITHIN_S: Final = 30.0
"""A batch takes a second: a database that takes longer is frozen."""

_LOCK_WAIT_S: Final = 20.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HandedOver:
    """What the listening thread hands over: rows as gathered, progress with them, what the feeds do."""

    gathered: Gathered
    committed_through_us: int
    candles_through_us: int | None
    states: Sequence[dict[str, Any]]


class Writer:
    """Stores batches until `close`.

    failure: why it gave up, if it did. stored_rows, stored_through_us: what is committed so far.
    lost_through_us: up to when rows were dropped that neither memory nor disk could hold; 0: none were.
    """

    def __init__(
        self,
        url: str,
        store: Store,
        spill: SpillFolder,
        most_rows: int = MOST_ROWS_IN_MEMORY,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self.failure: HydraError | None = None
        self.stored_rows = 0
        self.stored_through_us = 0
        self.lost_through_us = 0
        self._url = url
        self._store = store
        self._spill = spill
        self._most_rows = most_rows
        self._answer_within_s = answer_within_s
        self._frozen_backend: int | None = None
        self._incoming: deque[HandedOver] = deque()
        self._waiting: deque[Batch] = deque()
        self._states: Sequence[dict[str, Any]] = ()
        self._wake = threading.Condition()
        self._closing = False
        self._retry_at = 0.0
        self._connection: psycopg.Connection | None = None
        self._is_full = False
        self._taken_through_us: int | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    @property
    def session_id(self) -> int:
        """Of the session that it writes for."""
        return self._store.session_id

    def open(self) -> None:
        """Connect, be the only one of this venue, and store what an earlier process spilled.

        Raises:
            StopError: another process listens to it.
            DatabaseError: the server cannot be used.
        """
        connection = self._connected()
        self._spill.take_over()
        while self._spill:
            self._store_spilled(connection)

    def start(self) -> None:
        """Begin to store what is put."""
        self._thread.start()

    def is_behind(self, most_rows: int) -> bool:
        """Whether the database answers, yet more than `most_rows` wait."""
        return not self._retry_at and self.failure is None and self.waiting.queued > most_rows

    def put(self, handed: HandedOver) -> None:
        """Hand over what was heard; returns at once."""
        with self._wake:
            self._incoming.append(handed)
            self._wake.notify()

    @property
    def waiting(self) -> Waiting:
        """What is not stored yet."""
        queued = sum(batch.rows for batch in tuple(self._waiting))
        queued += sum(handed.gathered.count() for handed in tuple(self._incoming))
        return Waiting(queued, self._spill.rows)

    def close(self) -> None:
        """Store or spill everything, then end."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        try:
            while self._step():
                pass
        except HydraError as error:
            self.failure = error
        finally:
            if self._connection is not None:
                self._connection.close()

    def _step(self) -> bool:
        """One round; False when everything is stored or spilled after `close`."""
        self._take_in()
        if self._has_work() and time.monotonic() >= self._retry_at:
            try:
                self._store_oldest()
            except (psycopg.Error, DatabaseError, RetryError) as error:
                self._lost(error)
        self._spill_overflow(self._most_rows)
        if not self._closing or self._incoming:
            return True
        if self._has_work() and self._retry_at:
            self._spill_overflow(0)
            return False
        return self._has_work()

    def _has_work(self) -> bool:
        return bool(self._spill or self._waiting)

    def _take_in(self) -> None:
        with self._wake:
            if not self._incoming and not self._closing and (self._retry_at or not self._has_work()):
                self._wake.wait(timeout=0.1)
            handed = list(self._incoming)
        for one in handed:
            # From columns of Python objects to columns of numbers, which take less memory.
            batch = Batch(
                one.committed_through_us,
                one.candles_through_us,
                one.gathered.tables(),
                tuple(one.gathered.records),
            )
            self._waiting.append(batch)
            self._incoming.popleft()
            self._states = one.states or self._states

    def _store_oldest(self) -> None:
        connection = self._connected()
        if self._spill:
            self._store_spilled(connection)
            return
        batches = self._first_batches()
        batch = one_batch(batches)
        self._store_batch(connection, batch)
        for _ in batches:
            self._take_oldest()

    def _store_spilled(self, connection: psycopg.Connection) -> None:
        self._store_batch(connection, self._spill.oldest())
        self._spill.remove_oldest()

    def _store_batch(self, connection: psycopg.Connection, batch: Batch) -> None:
        states, self._states = self._states, ()
        with self._answered(connection):
            self._store.store(connection, batch, self.waiting, states)
        self.stored_rows += batch.rows
        self.stored_through_us = batch.committed_through_us
        if self._retry_at:
            log.warning("the database answers again: what waited is being stored")
        self._retry_at = 0.0

    def _first_batches(self) -> list[Batch]:
        taken: list[Batch] = []
        rows = 0
        for batch in self._waiting:
            if taken and rows + batch.rows > MOST_ROWS_A_BATCH:
                break
            taken.append(batch)
            rows += batch.rows
        return taken

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            connection = connect(self._url, autocommit=True)
            try:
                self._lock(connection)
            except BaseException:
                # Whatever ends it, Ctrl-C too: a session that is left open would hold the lock.
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _lock(self, connection: psycopg.Connection) -> None:
        """Be the only one of this venue.

        Raises:
            RetryError: the frozen session of this process still is.
            StopError: another process is.
        """
        is_frozen = self._frozen_backend is not None
        with self._answered(connection):
            # The session of a process that was killed may still hold it.
            wait_s = 0.0 if is_frozen else _LOCK_WAIT_S
            if locks.take(connection, lock_of(self._store.venue), wait_s=wait_s):
                self._frozen_backend = None
                return
            values = {"process_id": self._frozen_backend}
            if is_frozen and connection.execute(queries.load("locks/is_there"), values).fetchone():
                raise RetryError("its session still hangs")
        raise StopError(
            f"another process of ingest listens to {self._store.venue}: stop it first, leave it, or "
            "follow it with --wait"
        )

    @contextmanager
    def _answered(self, connection: psycopg.Connection) -> Iterator[None]:
        """Close the connection under what waits for it too long: that fails as if the server were away."""
        timer = threading.Timer(self._answer_within_s, self._hang_up, (connection,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _hang_up(self, connection: psycopg.Connection) -> None:
        log.warning("the database has not answered for %.0f s: it counts as away", self._answer_within_s)
        self._frozen_backend = self._frozen_backend or connection.info.backend_pid
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)

    def _lost(self, error: Exception) -> None:
        """Wait for the database, unless it will not take this however long one waits.

        Raises:
            StopError: nothing is lost of what waits: it is spilled first.
        """
        is_away = isinstance(
            error, DatabaseError | RetryError | psycopg.OperationalError | psycopg.InterfaceError
        )
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if not self._retry_at:
            log.warning("the database does not take rows (%s): they wait", str(error).strip().split("\n")[0])
        self._retry_at = time.monotonic() + RETRY_EVERY_S
        if not is_away:
            self._spill_overflow(0)
            raise StopError(
                f"the database refuses what ingest stores ({error}): run `hydra db up`"
            ) from error

    def _spill_overflow(self, most_rows: int) -> None:
        """Move the oldest batches to the folder until no more than `most_rows` are in memory; 0: all."""
        rows = sum(batch.rows for batch in self._waiting)
        left: list[Batch] = []
        while self._waiting and (rows > most_rows or not most_rows):
            batches = self._first_batches()
            left += self._spilled_or_dropped(one_batch(batches))
            for _ in batches:
                rows -= self._take_oldest().rows
        self._waiting.extendleft(reversed(left))

    def _spilled_or_dropped(self, batch: Batch) -> list[Batch]:
        """Nothing if the disk took `batch`, else what is left of it."""
        try:
            self._spill.add(batch)
        except OSError as error:
            if not self._is_full:
                log.warning("rows are dropped, because the disk does not take them: %s", error.strerror)
            self._is_full = True
            self.lost_through_us = batch.committed_through_us
            return [lost(batch, self._taken_through_us)]
        self._is_full = False
        return []

    def _take_oldest(self) -> Batch:
        """The oldest batch in memory, which waits there no longer."""
        batch = self._waiting.popleft()
        self._taken_through_us = batch.committed_through_us
        return batch
