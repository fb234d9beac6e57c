"""What the database holds and in which condition: the answer behind `hydra status`."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from hydra.db import queries

SIMULATED_VENUE = "simulated"


@dataclass(frozen=True)
class Coverage:
    """One kind of fact of one venue: how many instruments and rows, from when to when (UTC)."""

    fact: str
    venue: str
    instruments: int
    row_count: int
    first_time: datetime
    last_time: datetime

    @property
    def origin(self) -> str:
        """Whether the rows were recorded on an exchange or come from a generated market."""
        return "simulated" if self.venue.startswith(SIMULATED_VENUE) else "recorded"


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


def read_coverage(connection: psycopg.Connection) -> list[Coverage]:
    """Coverage of every fact table that has rows, in the order of the pipeline."""
    with connection.cursor(row_factory=class_row(Coverage)) as cursor:
        return cursor.execute(queries.load("status/coverage")).fetchall()


def read_condition(connection: psycopg.Connection) -> DatabaseCondition:
    """Counts of gaps, quarantined rows, revisions that wait, replaced facts and unfinished imports."""
    with connection.cursor(row_factory=class_row(DatabaseCondition)) as cursor:
        condition = cursor.execute(queries.load("status/condition")).fetchone()
    if condition is None:
        raise AssertionError("a query of scalar subselects always gives one row")
    return condition
