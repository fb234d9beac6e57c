"""One process of ingest a venue: a second one waits until it is its turn.

Source: docs/architecture.md, law 9.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Final

import psycopg

from hydra.db import locks, queries
from hydra.db.engine import connect

_LOOK_EVERY_S: Final = 0.5
_FIRST_WAIT_S: Final = 2.0
"""So long the session of a process that was killed may still hold the lock; nothing is said of it."""


def lock_of(venue: str) -> str:
    """The lock of whoever listens to `venue`."""
    return f"ingest {venue}"


async def is_own_turn(
    url: str, session: Mapping[str, object], stopping: asyncio.Event, tell: Callable[[str], None]
) -> bool:
    """Wait until no other process listens to the same venue; False: `stopping` came first.

    session: of this process, as columns of market.ingest_sessions. A row says what it waits for, to whoever
    has started it. The lock is given back at once: who begins to listen takes it.

    Raises:
        DatabaseError: the server cannot be used.
    """
    venue, waited_s = str(session["venue"]), 0.0
    with closing(connect(url, autocommit=True)) as connection:
        while not stopping.is_set():
            if _is_free(connection, venue):
                return True
            if waited_s == 0.0:
                connection.execute(queries.load("ingest/live/add_waiting_session"), session)
            if waited_s == _FIRST_WAIT_S:
                tell(
                    f"another process of ingest listens to {venue}: this one waits, and follows when it ends"
                )
            await asyncio.sleep(_LOOK_EVERY_S)
            waited_s += _LOOK_EVERY_S
    return False


def _is_free(connection: psycopg.Connection, venue: str) -> bool:
    if not locks.take(connection, lock_of(venue)):
        return False
    locks.release(connection, lock_of(venue))
    return True
