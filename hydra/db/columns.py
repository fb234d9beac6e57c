"""The columns of a table, asked of the database once: the schema in `sql/schema` is the only list of them."""

from typing import Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from hydra.db import queries


class Column(NamedTuple):
    """A column. type: as PostgreSQL writes it. is_key: part of the primary key.

    is_identity: the database counts it up. has_default: the database fills it where a row does not.
    """

    name: str
    type: str
    is_key: bool
    is_identity: bool
    has_default: bool


def columns_of(connection: psycopg.Connection, table: str) -> tuple[Column, ...]:
    """The columns of `table` (or view), e.g. "hydra.orders", in their order.

    Kept for the life of the process, a database at a time: a migration needs a restart.

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
