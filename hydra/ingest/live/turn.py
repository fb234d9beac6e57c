"""One process of ingest a venue: a second one waits until it is its turn.

Source: docs/architecture.md, law 9.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import psycopg

from hydra.db import locks

_LOOK_EVERY_S: Final = 0.5
_FIRST_WAIT_S: Final = 2.0
"""So long the session of a process that was killed may still hold the lock; nothing is said of it."""


def lock_of(venue: str) -> str:
    """The lock of whoever listens to `venue`."""
    return f"ingest {venue}"


async def is_own_turn(
    connection: psycopg.Connection, venue: str, stopping: asyncio.Event, tell: Callable[[str], None]
) -> bool:
    """Wait until no other process listens to `venue`; False: `stopping` came first.

    The lock is given back at once: who begins to listen takes it.
    """
    waited_s = 0.0
    while not stopping.is_set():
        if is_free(connection, venue):
            return True
        if waited_s == _FIRST_WAIT_S:
            tell(f"another process of ingest listens to {venue}: this one waits, and follows when it ends")
        await asyncio.sleep(_LOOK_EVERY_S)
        waited_s += _LOOK_EVERY_S
    return False


def is_free(connection: psycopg.Connection, venue: str) -> bool:
    """Whether no process listens to `venue`."""
    if not locks.take(connection, lock_of(venue)):
        return False
    locks.release(connection, lock_of(venue))
    return True
