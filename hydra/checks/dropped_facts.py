"""Facts that a run decided from and that are no longer kept: what rests on them cannot be decided again.

Features read order books, so every table of the run rests on them. Trades fill its orders, so all that
follows from fills rests on them. Source: docs/database.md, "Size".
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from hydra.db import queries

_WITHOUT_FILLS: Final = frozenset({"assessments", "features", "signals"})


class DroppedFacts(NamedTuple):
    """Facts of a table whose rollup has minutes of these days, while the facts are gone."""

    source_table: str
    first_day: datetime
    last_day: datetime

    def explains(self, table: str, *, stores_all_minutes: bool) -> bool:
        """Whether rows of `table` rest on them; the minutes that a backtest stores follow from its fills."""
        return self.source_table != "trades" or not stores_all_minutes or table not in _WITHOUT_FILLS

    @property
    def words(self) -> str:
        """Why what rests on them is not compared."""
        return (
            f"cannot be decided again: its {self.source_table.replace('_', ' ')} of "
            f"{self.first_day:%Y-%m-%d} to {self.last_day:%Y-%m-%d} are no longer kept (RETENTION_DAYS)"
        )


def dropped_facts(
    connection: psycopg.Connection, instrument_ids: Sequence[int], start: datetime, end: datetime
) -> list[DroppedFacts]:
    """What is no longer kept of the facts of these instruments in [start, end]."""
    values = {"instrument_ids": list(instrument_ids), "start": start, "end": end}
    with connection.cursor(row_factory=class_row(DroppedFacts)) as cursor:
        return cursor.execute(queries.load("backtest/dropped_facts"), values).fetchall()
