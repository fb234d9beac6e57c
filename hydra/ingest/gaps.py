"""Holes in gridded facts, measured where new rows came in (DESIGN, "Tables": market.gaps)."""

from datetime import datetime, timedelta
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.ingest.fact_tables import FactTable


def record_gaps(
    connection: psycopg.Connection, table: FactTable, instrument_id: int, rows: pl.DataFrame
) -> None:
    """Bring market.gaps up to date around `rows` (just stored, one instrument, sorted by time).

    A later back-fill shrinks or removes what an earlier import recorded.
    """
    step = _step(table, rows)
    scope: dict[str, Any] = {
        "source": _source(table, rows),
        "instrument_id": instrument_id,
        "step": step,
    }
    span = _range(connection, table, instrument_id, rows["time"][0], rows["time"][-1])
    connection.execute(queries.load("ingest/forget_gaps"), scope | span)
    connection.execute(_query(table), scope | span)


def _source(table: FactTable, rows: pl.DataFrame) -> str:
    """The table, and for mark prices the timeframe: bars of a minute and of an hour lie side by side."""
    if "timeframe_minutes" in rows.columns:
        return f"{table.name}_{rows['timeframe_minutes'][0]}m"
    return table.name


def _step(table: FactTable, rows: pl.DataFrame) -> timedelta | None:
    if "timeframe_minutes" in rows.columns:
        return timedelta(minutes=int(rows["timeframe_minutes"][0]))
    return table.step


def _range(
    connection: psycopg.Connection, table: FactTable, instrument_id: int, first: datetime, last: datetime
) -> dict[str, datetime]:
    query = _with_table("ingest/gap_range", table)
    found = connection.execute(
        query, {"instrument_id": instrument_id, "first_time": first, "last_time": last}
    ).fetchone()
    if found is None:
        raise AssertionError("a query of scalar subselects always gives one row")
    return {"from_time": found[0], "to_time": found[1]}


def _query(table: FactTable) -> sql.Composed | sql.SQL:
    if table.step is None:
        return sql.SQL(queries.load(f"ingest/find_gaps_{table.name}"))
    return _with_table("ingest/find_gaps", table)


def _with_table(name: str, table: FactTable) -> sql.Composed:
    return sql.SQL(queries.load(name)).format(table=sql.Identifier("market", table.name))
