"""What the database holds and in which condition: the answer behind `hydra status`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from hydra.db import queries

FACTS: Final = {
    "candles 1 m": "candles_1m",
    "candles 5 m as recorded": "candles_5m_recorded",
    "mark prices": "mark_prices",
    "settled funding": "funding_rates",
    "open interest": "open_interest",
    "positioning": "positioning",
    "liquidations": "liquidations",
    "order books": "order_books",
    "trades": "trades",
}
"""The table of each kind of fact, in the order of the pipeline."""

COUNTED_ROWS: Final = 500_000
"""The rows of a larger table are not counted: 40 million trades would take a minute."""


@dataclass(frozen=True)
class Coverage:
    """One kind of fact of one venue: how many instruments and rows, from when to when (UTC).

    is_estimate: the rows are not counted but estimated from the server's statistics.
    """

    fact: str
    venue: str
    instruments: int
    row_count: int
    is_estimate: bool
    first_time: datetime
    last_time: datetime


@dataclass(frozen=True)
class DatabaseCondition:
    """What is missing, refused, replaced or unfinished in the stored facts."""

    gaps: int
    missing_rows: int
    quarantined_rows: int
    revisions: int
    imported_files: int
    replaced_facts: int
    batches_without_fresh_rollups: int


def read_coverage(connection: psycopg.Connection, counted_rows: int = COUNTED_ROWS) -> list[Coverage]:
    """Coverage of every fact table that has rows: venue by venue, in the order of the pipeline.

    counted_rows: in a table with more rows they are estimated.
    """
    query, found = sql.SQL(queries.load("status/coverage")), []
    with connection.cursor(row_factory=class_row(Coverage)) as cursor:
        for fact, table in FACTS.items():
            values = {"fact": fact, "table": table, "counted_rows": counted_rows}
            found += cursor.execute(query.format(facts=sql.Identifier("market", table)), values).fetchall()
    return sorted(found, key=lambda row: row.venue)


def read_condition(connection: psycopg.Connection) -> DatabaseCondition:
    """Counts of gaps, quarantined rows, revisions that wait, replaced facts and unfinished imports."""
    with connection.cursor(row_factory=class_row(DatabaseCondition)) as cursor:
        condition = cursor.execute(queries.load("status/condition")).fetchone()
    if condition is None:
        raise AssertionError("a query of scalar subselects always gives one row")
    return condition
