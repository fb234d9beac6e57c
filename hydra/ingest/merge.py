"""Stores rows of facts: copied directly where none of them is stored, else merged.

An equal row changes nothing (no dead tuple). Of a row with other values the stored fact stays and the other
goes to market.revisions; in a repair it is the other way round (C125).
"""

from contextlib import suppress
from typing import Any, NamedTuple

import polars as pl
import psycopg
from psycopg import sql

from hydra.db import queries
from hydra.db.columns import columns_of
from hydra.db.copy import copy_rows
from hydra.ingest.fact_tables import FactTable


class Merged(NamedTuple):
    """How many rows were new, equal to the stored ones, different from the stored ones.

    newly_revised: of the different ones, those not known before. replaced: those that a repair stored.
    """

    inserted: int
    unchanged: int
    revised: int
    newly_revised: int = 0
    replaced: int = 0

    @property
    def changes_facts(self) -> bool:
        """Whether a stored fact is new or another one than before."""
        return self.inserted + self.replaced > 0


def merge_rows(
    connection: psycopg.Connection,
    table: FactTable,
    instrument_id: int,
    rows: pl.DataFrame,
    batch_id: int,
    *,
    revise: bool = False,
) -> Merged:
    """Store the `rows` of a file (sorted by time, one instrument) inside the caller's transaction.

    revise: rows with other values replace the stored ones, from now on.
    """
    if not rows.height:
        return Merged(0, 0, 0)
    names = [column.name for column in columns_of(connection, f"market.{table.name}")]
    keyed = rows.with_columns(pl.lit(instrument_id, pl.Int16).alias("instrument_id")).select(names)
    target = sql.Identifier("market", table.name)
    if _range_is_empty(connection, target, instrument_id, rows):
        # Ingest may store one of them meanwhile: then they are merged.
        with suppress(psycopg.errors.UniqueViolation), connection.transaction():
            return Merged(copy_rows(connection, target, keyed), 0, 0)
    return _merge_staged(connection, table.name, keyed, batch_id, "merge_revising" if revise else "merge")


def merge_live_rows(connection: psycopg.Connection, table: str, rows: pl.DataFrame) -> Merged:
    """Store `rows`, of any instruments and each key once, inside the caller's transaction.

    What a feed sends has rarely come before, so it is copied, and merged only if the table refuses that.
    """
    if not rows.height:
        return Merged(0, 0, 0)
    try:
        with connection.transaction():
            return Merged(copy_rows(connection, sql.Identifier("market", table), rows), 0, 0)
    except psycopg.errors.UniqueViolation:
        return _merge_staged(connection, table, rows, None, "merge")


def _range_is_empty(
    connection: psycopg.Connection, target: sql.Identifier, instrument_id: int, rows: pl.DataFrame
) -> bool:
    query = sql.SQL(queries.load("ingest/range_is_empty")).format(table=target)
    found = connection.execute(query, {"instrument_id": instrument_id, **_span(rows)}).fetchone()
    return bool(found and found[0])


def _span(rows: pl.DataFrame) -> dict[str, Any]:
    return {"first_time": rows["time"].min(), "last_time": rows["time"].max()}


def _merge_staged(
    connection: psycopg.Connection, table: str, rows: pl.DataFrame, batch_id: int | None, query_name: str
) -> Merged:
    target = sql.Identifier("market", table)
    connection.execute(sql.SQL("CREATE TEMP TABLE staged (LIKE {}) ON COMMIT DROP").format(target))
    copy_rows(connection, sql.Identifier("staged"), rows)
    connection.execute("ANALYZE staged")
    connection.execute(queries.load("ingest/decompress_freely"))
    columns = columns_of(connection, f"market.{table}")
    key = [column.name for column in columns if column.is_key]
    # A heartbeat is all key: then no value differs.
    values = [column.name for column in columns if not column.is_key and column.name != "known_at"] or key
    query = sql.SQL(queries.load(f"ingest/{query_name}")).format(
        table=target,
        group=sql.Identifier(key[0]),
        key=_listed(key),
        stored_key=_listed(key, "stored"),
        staged_key=_listed(key, "staged"),
        columns=_listed(rows.columns),
        values=_listed(values),
        stored_values=_listed(values, "stored"),
        staged_values=_listed(values, "staged"),
    )
    names = {"batch_id": batch_id, "table_name": table, "key_names": key}
    groups = {"groups": rows[key[0]].unique().to_list()}
    counts = connection.execute(query, names | groups | _span(rows)).fetchone()
    connection.execute("DROP TABLE staged")
    if counts is None:
        raise AssertionError("a query of scalar subselects always gives one row")
    inserted, differing, newly_revised, replaced = counts
    return Merged(inserted, rows.height - inserted - differing, differing, newly_revised, replaced)


def _listed(names: list[str], qualifier: str | None = None) -> sql.Composed:
    parts = ((qualifier, name) if qualifier else (name,) for name in names)
    return sql.SQL(", ").join(sql.Identifier(*part) for part in parts)
