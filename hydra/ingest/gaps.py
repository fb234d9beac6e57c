"""Gaps in gridded facts, measured where new rows came in (docs/architecture.md, "Tables": market.gaps)."""

from datetime import timedelta
from typing import Any

import polars as pl
import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.ingest.fact_tables import FactTable


def record_gaps(
    connection: psycopg.Connection, table: FactTable, instrument_id: int, rows: pl.DataFrame
) -> None:
    """Update market.gaps around `rows` (just stored, one instrument, sorted by time).

    A later back-fill shrinks or removes gaps that an earlier import recorded.
    """
    scope: dict[str, Any] = {
        "source": _source(table, rows),
        "instrument_id": instrument_id,
        "step": _step(table, rows),
    }
    ends = {"first_time": rows["time"][0], "last_time": rows["time"][-1]}
    found = connection.execute(_query("gap_range", table), scope | ends).fetchone()
    if found is None:
        raise AssertionError("a query of scalar subselects always gives one row")
    span = {"from_time": found[0], "to_time": found[1]}
    connection.execute(queries.load("ingest/forget_gaps"), scope | span)
    connection.execute(_query("find_gaps", table), scope | span)


def _source(table: FactTable, rows: pl.DataFrame) -> str:
    """The table, and for mark prices the timeframe: one-minute and hourly bars share a table."""
    if "timeframe_minutes" in rows.columns:
        return f"{table.name}_{rows['timeframe_minutes'][0]}m"
    return table.name


def _step(table: FactTable, rows: pl.DataFrame) -> timedelta | None:
    if "timeframe_minutes" in rows.columns:
        return timedelta(minutes=int(rows["timeframe_minutes"][0]))
    return table.step


def _query(name: str, table: FactTable) -> sql.Composed:
    """The query of this table if it has one of its own, else the query of all gridded tables."""
    own = f"ingest/{name}_{table.name}"
    text = queries.load(own if own in queries.names("ingest") else f"ingest/{name}")
    return sql.SQL(text).format(table=sql.Identifier("market", table.name))
