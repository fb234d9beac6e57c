"""Two processes that set up one server at once meet in its catalogues: who comes second tries again."""

import time
from collections.abc import Callable
from typing import Final

import psycopg

from hydra.errors import DatabaseError

_COLLISIONS: Final = (
    psycopg.errors.InternalError_,
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateObject,
    psycopg.errors.DuplicateDatabase,
)
ATTEMPTS: Final = 8


def despite_others(action: Callable[[], None]) -> None:
    """Do `action`, which may be repeated; again where another process did a part of it at that moment.

    Raises:
        DatabaseError: it goes on like that.
    """
    for attempt in range(1, ATTEMPTS + 1):
        try:
            action()
        except _COLLISIONS as error:
            if attempt == ATTEMPTS:
                raise DatabaseError(
                    f"other processes set up this server at the same time ({error.diag.message_primary}): "
                    "run `hydra db up` again"
                ) from error
            time.sleep(0.1 * attempt)
        else:
            return
