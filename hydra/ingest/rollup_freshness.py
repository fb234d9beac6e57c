"""Work after a load: refresh the rollups that are behind (C110), update table statistics.

On the Apache edition rollups are refreshed in the transaction of the load, on the community edition after it.
An interrupted refresh stays recorded in market.import_batches and is completed here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import psycopg
from psycopg import sql

from hydra.db import queries, rollups


def add_batch(connection: psycopg.Connection, batch: Mapping[str, Any]) -> int:
    """Record one load in market.import_batches (keys are its columns, counts default to 0); its id."""
    counts = dict.fromkeys(
        ("rows_inserted", "rows_unchanged", "rows_revised", "rows_quarantined", "rows_read"), 0
    )
    row = connection.execute(queries.load("ingest/add_load"), {**counts, **batch}).fetchone()
    if row is None:
        raise AssertionError("an INSERT ... RETURNING of one row gives one row")
    return int(row[0])


def finish_rollups(connection: psycopg.Connection) -> None:
    """Refresh the rollups recorded as behind, once per table; needs an autocommit connection."""
    stale = connection.execute(queries.load("ingest/stale_batches")).fetchall()
    for target_tables, batch_ids, first_time, last_time in stale:
        for name in target_tables.split(", "):
            if rollups.has_rollups(name) and first_time is not None:
                rollups.refresh(connection, name, first_time, last_time)
        connection.execute(queries.load("ingest/mark_fresh"), {"batch_ids": batch_ids})


def summarise_tables(connection: psycopg.Connection, names: Iterable[str]) -> None:
    """Vacuum and analyze newly loaded tables of schema market. Needs an autocommit connection."""
    for name in names:
        statement = sql.SQL(queries.load("ingest/vacuum"))
        connection.execute(statement.format(table=sql.Identifier("market", name)))
