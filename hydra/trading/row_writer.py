"""Rows in bulk: one statement a table and stage, whether for eight rows or for four hundred."""

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import psycopg

from hydra.db import queries

Row = Mapping[str, Any]


def write_rows(connection: psycopg.Connection, query: str, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """Run `sql/<query>.sql` on `rows`, which it takes as %(rows)s, and give what it returns.

    Decimals arrive exactly (as text), instants with their zone, NaN and infinities as null.
    """
    if not rows:
        return []
    cursor = connection.execute(queries.load(query), {"rows": as_json(rows)})
    return cursor.fetchall() if cursor.description else []


def as_json(rows: Sequence[Row]) -> str:
    """`rows` as a JSON array."""
    try:
        return json.dumps(rows, default=_text, allow_nan=False)
    except ValueError:  # one of the numbers is not finite
        return json.dumps([_finite(row) for row in rows], default=_text, allow_nan=False)


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
    raise TypeError(f"{type(value).__name__} has no form in a row's JSON: {value!r}")
