"""Rows for tests, by the names of their columns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql


def add(connection: psycopg.Connection, table: str, *rows: Mapping[str, Any]) -> None:
    """Add rows to a table (schema and name); keys that the database counts may be given."""
    for row in rows:
        query = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        )
        connection.execute(query, row)


def candle(
    instrument_id: int,
    time: datetime,
    known_at: datetime,
    prices: tuple[float, float, float, float] = (1, 1, 1, 1),
    volume: float = 1,
) -> dict[str, Any]:
    """A candle of open, high, low and close."""
    keys = {"instrument_id": instrument_id, "time": time, "known_at": known_at}
    return {**keys, **dict(zip(("open", "high", "low", "close"), prices, strict=True)), "volume": volume}


def import_batch(target_table: str, **changed: object) -> dict[str, object]:
    """The note of an import of one row, but for what is changed."""
    counts = dict.fromkeys(("rows_unchanged", "rows_revised", "rows_quarantined"), 0)
    return {
        "path": "made",
        "sha256": "0",
        "layout": "made",
        "target_table": target_table,
        "rows_read": 1,
        "rows_inserted": 1,
        **counts,
        "rollups_fresh": True,
        **changed,
    }
