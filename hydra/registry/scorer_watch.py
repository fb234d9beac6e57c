"""Keeps what scores up to date beside the work: a new model is loaded before a minute needs it.

A notice tells of every publication; without one, what is chosen and what is stored are looked at again
every half hour.
"""

import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Final

import psycopg
import structlog
from psycopg import sql

from hydra.db.engine import connect
from hydra.errors import DatabaseError
from hydra.outside_text import shown
from hydra.registry.publishing import PUBLICATIONS_CHANNEL
from hydra.registry.serving import Served, serve

LOOK_AGAIN_S: Final = 1_800.0
_LISTEN_S: Final = 0.5
_CONNECT_AGAIN_S: Final = 2.0
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.scorer")


class ScorerWatch:
    """What scores for one wish. Reading `served` waits for nothing."""

    def __init__(
        self,
        database_url: Callable[[], str],
        first: Served,
        *,
        needs_publication: bool,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        """first: what scores until something else is found. A thread of its own looks from now on."""
        self._database_url = database_url
        self._served = first
        self._needs_publication = needs_publication
        self._look_again_s = look_again_s
        self._is_closed = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="scorer watch", daemon=True)
        self._thread.start()

    @property
    def served(self) -> Served:
        """What scores now."""
        return self._served

    def close(self) -> None:
        """Stop looking."""
        self._is_closed.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._is_closed.is_set():
            try:
                with closing(connect(self._database_url(), autocommit=True)) as connection:
                    self._listen(connection)
            except (DatabaseError, psycopg.OperationalError) as error:
                _LOG.warning("no news of models for now", why=shown(str(error)))
                self._is_closed.wait(_CONNECT_AGAIN_S)

    def _listen(self, connection: psycopg.Connection) -> None:
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(PUBLICATIONS_CHANNEL)))
        due = time.monotonic()
        while not self._is_closed.is_set():
            if time.monotonic() >= due:
                due = time.monotonic() + self._look_again_s
                self._look(connection)
            for _ in connection.notifies(timeout=_LISTEN_S, stop_after=1):
                due = time.monotonic()

    def _look(self, connection: psycopg.Connection) -> None:
        before = self._served
        found = serve(connection, before.wanted, before, needs_publication=self._needs_publication)
        is_same = (found.sha256, found.scorer.kind) == (before.sha256, before.scorer.kind)
        if is_same and found.complaint == before.complaint:
            return
        self._served = found
        why = None if found.complaint is None else shown(found.complaint)
        log = _LOG.info if why is None else _LOG.warning
        log("what scores signals has changed", wanted=found.wanted, scorer=found.scorer.kind, why=why)
