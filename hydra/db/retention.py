"""Lets old facts go, and compresses them where the edition can, by the windows of the settings.

The owner stores the windows (market.retention); the function that applies them is the owner's too and takes
no argument, so that the worker, which calls it, can neither choose a table nor a window.
Source: docs/database.md, "Size"; docs/architecture.md, law 9.
"""

from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.retention import retention_days
from hydra.settings import Settings


class Applied(NamedTuple):
    """What became of a table: its window (None: for ever), and the chunks that were dropped just now."""

    source_table: str
    keep_days: int | None
    dropped_chunks: int


class TableSize(NamedTuple):
    """A hypertable of schema market. before_bytes, after_bytes: of its compressed chunks, if it has any."""

    relation: str
    chunks: int
    compressed_chunks: int
    size_bytes: int
    before_bytes: int | None
    after_bytes: int | None


def store_windows(connection: psycopg.Connection, settings: Settings) -> None:
    """Store the windows of `settings` as the owner; they hold from the next `apply_retention` on."""
    days = retention_days(settings.retention_days)
    connection.execute(
        queries.load("upkeep/store_windows"),
        {
            "tables": list(days),
            "days": [kept or None for kept in days.values()],
            "compress_after_days": settings.compress_after_days or None,
        },
    )


def apply_retention(connection: psycopg.Connection) -> list[Applied]:
    """Drop the chunks that came longer ago than their window; as the owner or the worker."""
    with connection.cursor(row_factory=class_row(Applied)) as cursor:
        return cursor.execute(queries.load("upkeep/apply_retention")).fetchall()


def table_sizes(connection: psycopg.Connection) -> list[TableSize]:
    """The hypertables of schema market, the largest first."""
    with connection.cursor(row_factory=class_row(TableSize)) as cursor:
        return cursor.execute(queries.load("status/table_sizes")).fetchall()
