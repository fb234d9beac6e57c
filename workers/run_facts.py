"""The inputs of a run's assessments: its market window, and the pairs' own thresholds of the day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import adbc_driver_manager
import polars as pl

from hydra.db.engine import adbc_connect
from hydra.features.adaptive_thresholds import read_adaptive_thresholds
from hydra.features.facts import MarketFacts
from hydra.features.reading.window import MarketWindow
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run


@dataclass(frozen=True)
class _Thresholds:
    """One row a pair (C112), the same for all minutes of a UTC day.

    imports: the number of imports when they were read; with one more, the history may differ.
    """

    day: date
    imports: int
    rows: pl.DataFrame


class RunFacts:
    """The facts of one run, on a connection of its own. Not safe for use by several threads at once."""

    def __init__(self, run: Run, database_url: str) -> None:
        """Reads nothing before it is requested.

        Raises:
            DatabaseError: the server cannot be used.
        """
        self._run = run
        self._connection = adbc_connect(database_url)
        self._window: MarketWindow | None = None
        self._thresholds: _Thresholds | None = None

    def at(self, as_of: datetime, imports: int) -> MarketFacts:
        """The facts known at `as_of`; `imports`: the number of imports so far.

        An earlier `as_of` than before reads everything again.

        Raises:
            DatabaseError: the facts could not be read.
        """
        if self._window is None or self._window.as_of > as_of:
            self._window = MarketWindow.load(self._connection, self._run.instrument_ids, as_of)
        return self._window.advance(as_of, imports)

    def with_own_thresholds(self, rows: pl.DataFrame, as_of: datetime, imports: int) -> pl.DataFrame:
        """`rows`, all of the UTC day of `as_of`, with the pairs' own thresholds where the rules ask for them.

        They need three months of facts: read once a day, and again after an import.
        """
        if not rules_of_run(self._run).signals.is_adaptive:
            return rows
        day = as_of.astimezone(UTC).date()
        known = self._thresholds
        if known is None or (known.day, known.imports) != (day, imports):
            own = read_adaptive_thresholds(self._connection, self._run.instrument_ids, (day,)).drop("day")
            known = self._thresholds = _Thresholds(day, imports, own)
        return rows.join(known.rows, on="instrument_id", how="left", maintain_order="left")

    def close(self) -> None:
        """Close the connection; a connection lost with its server is just dropped."""
        try:
            self._connection.close()
        except adbc_driver_manager.Error:
            return
