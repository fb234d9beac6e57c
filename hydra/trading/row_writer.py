"""Inserts and updates rows in bulk, with one statement a table.

The columns come from the rows and from the database (`hydra.db.columns`).
"""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.db.columns import Column, columns_of
from hydra.errors import StopError
from hydra.outside_text import storable_json

Row = Mapping[str, Any]


def insert_rows(
    connection: psycopg.Connection, table: str, rows: Sequence[Row], returned: Sequence[str] = ()
) -> list[tuple[Any, ...]]:
    """Insert `rows` into `table` of schema hydra; returns the columns `returned` of each.

    The database assigns identity columns. A column that a row does not name is null. Decimals stay exact;
    NaN and infinities become null.

    Raises:
        StopError: a row names a column that the table does not have.
    """
    if not rows:
        return []
    names = [column.name for column in _columns(connection, table, rows) if not column.is_identity]
    query = sql.SQL(queries.load("stages/insert_rows")).format(
        table=sql.Identifier("hydra", table),
        columns=_listed(names),
        returning=sql.SQL("RETURNING {}").format(_listed(returned)) if returned else sql.SQL(""),
    )
    cursor = connection.execute(query, {"rows": as_json(rows)})
    return cursor.fetchall() if returned else []


def insert_row(connection: psycopg.Connection, table: str, row: Row) -> None:
    """Insert one row into `table` of schema hydra; infinities are stored as such.

    Raises:
        StopError: the row names a column that the table does not have.
    """
    names = [column.name for column in _columns(connection, table, [row])]
    query = sql.SQL(queries.load("stages/insert_row")).format(
        table=sql.Identifier("hydra", table),
        columns=_listed(names),
        values=sql.SQL(", ").join(map(sql.Placeholder, names)),
    )
    connection.execute(query, row)


def update_rows(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> None:
    """Update the rows of `table` of schema hydra that have the identity values of `rows`.

    Columns that are written once stay as they are.

    Raises:
        StopError: a row names a column that the table does not have.
    """
    if not rows:
        return
    columns = _columns(connection, table, rows)
    names = [column.name for column in columns if not column.is_written_once]
    query = sql.SQL(queries.load("stages/update_rows")).format(
        table=sql.Identifier("hydra", table),
        key=_listed([column.name for column in columns if column.is_identity]),
        columns=_listed(names),
        values=sql.SQL(", ").join(sql.Identifier("row", name) for name in names),
    )
    connection.execute(query, {"rows": as_json(rows)})


def _columns(connection: psycopg.Connection, table: str, rows: Sequence[Row]) -> list[Column]:
    """The table's columns that `rows` name."""
    columns = columns_of(connection, f"hydra.{table}")
    named: set[str] = set().union(*rows)
    unknown = named - {column.name for column in columns}
    if unknown:
        raise StopError(f"hydra.{table} has no column {', '.join(sorted(unknown))}: run `hydra db up`")
    return [column for column in columns if column.name in named]


def _listed(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, names))


def as_json(rows: Sequence[Row]) -> str:
    try:
        text = json.dumps(rows, default=_text, allow_nan=False)
    except ValueError:  # one of the numbers is not finite
        text = json.dumps([_finite(row) for row in rows], default=_text, allow_nan=False)
    return storable_json(text)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written into a row: {value!r}")
