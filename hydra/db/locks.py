"""The named locks of HYDRA: what one process at a time may do. Only the worker and the owner can take them.

How stands in sql/schema/locks.sql. Source: docs/architecture.md, law 9.
"""

import time
from typing import Final

import psycopg

from hydra.db import queries

IMPORT: Final = "import"
AUDITS: Final = "audits"
GENERATED_MARKET: Final = "generated market"
TERMS: Final = "terms"
ALERTS: Final = "alerts"
NEWS: Final = "news"
NEWS_SCAN: Final = "news scan"
"""One scan at a time: each counts what the others of the day have cost."""

LOOK_EVERY_S: Final = 0.1


def of_run(run_id: int) -> str:
    """The lock of a run: the supervisor holds it as long as it lives."""
    return f"run {run_id}"


def of_execution(run_id: int) -> str:
    """The lock of the process that sends the orders of a run."""
    return f"execution {run_id}"


def of_account(venue: str) -> str:
    """The lock of whoever trades the account at an exchange."""
    return f"account {venue}"


def of_training(name: str) -> str:
    """The lock of the models of a name: one process trains them."""
    return f"training {name}"


def take(connection: psycopg.Connection, name: str, wait_s: float = 0.0) -> bool:
    """Hold the lock for the life of `connection`; False if another session still has it after `wait_s`.

    A session may take a lock again that it holds. While a transaction that took one is open, others wait.
    """
    deadline = time.monotonic() + wait_s
    while not _answer(connection, "locks/take", name):
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def release(connection: psycopg.Connection, name: str) -> None:
    """Give a lock back that `connection` has taken."""
    _answer(connection, "locks/release", name)


def _answer(connection: psycopg.Connection, query: str, name: str) -> bool:
    with connection.transaction():
        row = connection.execute(queries.load(query), {"name": name}).fetchone()
    return bool(row and row[0])
