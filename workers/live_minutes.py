"""The minutes of a market that still arrives, assessed one by one as they close."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import adbc_driver_manager
import polars as pl

from hydra.db.engine import adbc_connect
from hydra.features.adaptive_thresholds import read_adaptive_thresholds
from hydra.features.decision_frame import newest_known_at
from hydra.features.grid_memory import GridMemory
from hydra.features.window import MarketWindow
from hydra.trading.assessed_minutes import assess_minute
from hydra.trading.assessment_rows import AssessedMinute
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run


@dataclass(frozen=True)
class _Thresholds:
    """The pairs' own thresholds (C112): one row a pair, the same for all minutes of a UTC day.

    imports: how many imports there were; one more, and the history may be another.
    """

    day: date
    imports: int
    rows: pl.DataFrame


class LiveMinutes:
    """The window of a run, and what its last minute computed."""

    def __init__(self, run: Run, database_url: str) -> None:
        """Nothing is read before the first minute is asked for.

        Raises:
            DatabaseError: the server cannot be used.
        """
        self._run = run
        self._connection = adbc_connect(database_url)
        self._window: MarketWindow | None = None
        self._memory = GridMemory()
        self._thresholds: _Thresholds | None = None

    def assessed(self, as_of: datetime, imports: int) -> AssessedMinute:
        """Layer 2's answer at `as_of`; `imports` says how many imports there have been.

        Raises:
            DatabaseError: the facts could not be read.
        """
        facts = self._moved_to(as_of).advance(as_of, imports)
        rules = rules_of_run(self._run)
        rows = assess_minute(facts, self._run.instrument_ids, as_of, rules.statistical, self._memory)
        if rules.signals.is_adaptive:
            own = self._own_thresholds(as_of.astimezone(UTC).date(), imports)
            rows = rows.join(own, on="instrument_id", how="left", maintain_order="left")
        return AssessedMinute(rows, newest_known_at(facts, self._memory))

    def close(self) -> None:
        """Let go of the connection; one that was lost with its server goes with this object."""
        try:
            self._connection.close()
        except adbc_driver_manager.Error:
            return

    def _moved_to(self, as_of: datetime) -> MarketWindow:
        if self._window is None or self._window.as_of > as_of:
            self._window = MarketWindow.load(self._connection, self._run.instrument_ids, as_of)
        return self._window

    def _own_thresholds(self, day: date, imports: int) -> pl.DataFrame:
        """Read once a day, and anew after an import: it is three months of facts."""
        known = self._thresholds
        if known is None or (known.day, known.imports) != (day, imports):
            rows = read_adaptive_thresholds(self._connection, self._run.instrument_ids, (day,)).drop("day")
            known = self._thresholds = _Thresholds(day, imports, rows)
        return known.rows
