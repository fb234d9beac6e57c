"""The columns of a table, read from the database once: `sql/schema` is their only definition."""

from typing import Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from hydra.db import queries


class Column(NamedTuple):
    """A column. type: as PostgreSQL writes it. is_key: part of the primary key.

    is_identity: the database numbers it. has_default: the database fills it if a row does not.
    is_written_once: the worker may not change it (sql/schema/roles.sql).
    """

    name: str
    type: str
    is_key: bool
    is_identity: bool
    has_default: bool
    is_written_once: bool


def columns_of(connection: psycopg.Connection, table: str) -> tuple[Column, ...]:
    """The columns of `table` (or view), e.g. "hydra.orders", in their order.

    Cached per database for the life of the process: restart after a migration.

    Raises:
        psycopg.errors.UndefinedTable: there is no such table.
    """
    info = connection.info
    place = (info.host, info.port, info.dbname, table)
    if place not in _KNOWN:
        with connection.cursor(row_factory=class_row(Column)) as cursor:
            rows = cursor.execute(queries.load("server/columns"), {"table": table}).fetchall()
        _KNOWN[place] = tuple(rows)
    return _KNOWN[place]


_KNOWN: Final[dict[tuple[str, int, str, str], tuple[Column, ...]]] = {}
