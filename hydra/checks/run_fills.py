"""Reads two runs and compares their decisions and fills (`hydra/checks/fills.py`)."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from hydra.checks.fills import (
    ComparedVerdicts,
    FillDifference,
    FilledPair,
    FillSeen,
    StoredVerdict,
    compare_verdicts,
    outside_its_bound,
    pair_fills,
)
from hydra.db import queries
from hydra.trading.parameters import costs_in
from hydra.trading.runs import Run


@dataclass(frozen=True)
class OutsideFill:
    """A fill that the market does not allow, and why."""

    run_id: int
    fill: FillSeen
    words: str


@dataclass(frozen=True)
class ComparedRuns:
    """Two runs of the same minutes. outside: of both; differs_from: the time of the first differing fill."""

    verdicts: ComparedVerdicts
    pairs: list[FilledPair]
    outside: list[OutsideFill]
    differs_from: datetime | None

    @property
    def is_wrong(self) -> bool:
        """Whether something differs that may not, or a fill is outside its bound."""
        return bool(self.verdicts.differing or self.outside)


def compare_runs(connection: psycopg.Connection, one: Run, other: Run) -> ComparedRuns:
    """Compare what two runs decided, and what of it filled.

    Raises:
        DatabaseError: the server cannot be used.
    """
    fills = {run.run_id: _fills(connection, run) for run in (one, other)}
    pairs = pair_fills(fills[one.run_id], fills[other.run_id])
    differs_from = min(
        (pair.time for pair in pairs if pair.difference is not FillDifference.SAME), default=None
    )
    verdicts = compare_verdicts(_verdicts(connection, one), _verdicts(connection, other), differs_from)
    outside = [
        OutsideFill(run.run_id, fill, words)
        for run in (one, other)
        for fill in fills[run.run_id]
        if (words := outside_its_bound(fill, costs_in(run.config).of(fill.base)))
    ]
    return ComparedRuns(verdicts, pairs, outside, differs_from)


def _fills(connection: psycopg.Connection, run: Run) -> list[FillSeen]:
    with connection.cursor(row_factory=class_row(FillSeen)) as cursor:
        return cursor.execute(queries.load("checks/fills_of_run"), {"run_id": run.run_id}).fetchall()


def _verdicts(connection: psycopg.Connection, run: Run) -> list[StoredVerdict]:
    with connection.cursor(row_factory=class_row(StoredVerdict)) as cursor:
        return cursor.execute(queries.load("checks/verdicts_of_run"), {"run_id": run.run_id}).fetchall()
