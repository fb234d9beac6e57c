"""Assesses the minutes of a replay a clock hour at a time, the next hour while the current one is decided.

The facts of a replay are stored beforehand, and later facts do not change what is known at a minute (law 3),
so sixty minutes can share their computation. The hours are those of the clock, not sixty minutes from the
start of the process: a process that restarts within an hour gives the same vectors to the last bit.
"""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from hydra.durations import HOUR, MINUTE
from hydra.features.engine.decision_frame import DECISION_DELAY, decision_minutes, newest_known_each
from hydra.trading.assessed_minutes import assess_each
from hydra.trading.assessment_rows import AssessedMinute
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import rules_of_run
from hydra.trading.runs import Run
from workers.run_facts import RunFacts


@dataclass(frozen=True)
class _Hour:
    """The assessed minutes of a clock hour, by the instant of their decision.

    imports: the number of imports when it was assessed; with one more, the facts may differ.
    """

    imports: int
    minutes: Mapping[datetime, AssessedMinute]

    def holds(self, as_of: datetime, imports: int) -> bool:
        return self.imports == imports and as_of in self.minutes


class ReplayedHours:
    """The current hour of a run, and the one that is assessed ahead."""

    def __init__(self, run: Run, database_url: str, ahead: ThreadPoolExecutor) -> None:
        """Reads nothing before the first minute is requested.

        Raises:
            DatabaseError: the server cannot be used.
        """
        self._run = run
        self._facts = RunFacts(run, database_url)
        self._ahead = ahead
        self._hour: _Hour | None = None
        self._next: Future[_Hour] | None = None

    def assessed(self, cycle: Cycle, imports: int) -> AssessedMinute:
        """Layer 2's answer to a minute; `imports`: the number of imports so far.

        Raises:
            DatabaseError: the facts could not be read.
        """
        as_of, hour = cycle.as_of, self._hour
        if hour is None or not hour.holds(as_of, imports):
            hour = self._hour = self._hour_of(as_of, imports)
            self._go_ahead(as_of, imports)
        return hour.minutes[as_of]

    def close(self) -> None:
        """Close the connection."""
        if self._next is not None:
            wait([self._next])
        self._facts.close()

    def _hour_of(self, as_of: datetime, imports: int) -> _Hour:
        """The hour assessed ahead, if it is this hour and no import came in between.

        An error ahead is reported once; the next attempt starts anew.
        """
        waiting, self._next = self._next, None
        if waiting is not None and (ahead := waiting.result()).holds(as_of, imports):
            return ahead
        return self._assess(_clock_hour(as_of), imports)

    def _go_ahead(self, as_of: datetime, imports: int) -> None:
        start = _clock_hour(as_of) + HOUR
        if self._run.data_to is None or start < self._run.data_to:
            self._next = self._ahead.submit(self._assess, start, imports)

    def _assess(self, start: datetime, imports: int) -> _Hour:
        """The run's minutes in the clock hour that begins at `start`."""
        first, last = max(start, self._run.data_from), start + HOUR - MINUTE
        if self._run.data_to is not None:
            last = min(last, self._run.data_to - MINUTE)
        as_of = last + DECISION_DELAY
        facts = self._facts.at(as_of, imports)
        decisions = decision_minutes(self._run.instrument_ids, first, as_of)
        assessed = assess_each(facts, decisions, rules_of_run(self._run).statistical)
        rows = self._facts.with_own_thresholds(assessed, as_of, imports)
        return _Hour(imports, _by_minute(rows, newest_known_each(facts, decisions)))


def _clock_hour(as_of: datetime) -> datetime:
    return as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _by_minute(rows: pl.DataFrame, newest_known: pl.Series) -> dict[datetime, AssessedMinute]:
    """The rows of each instant, in time order, with the known_at of each row's newest fact."""
    minutes = {}
    place = 0
    for minute in rows.partition_by("time", maintain_order=True):
        known = newest_known[place : place + minute.height]
        pairs = zip(minute["instrument_id"], known, strict=True)
        newest = {instrument_id: at for instrument_id, at in pairs if at is not None}
        minutes[minute["time"][0]] = AssessedMinute(minute, newest)
        place += minute.height
    return minutes
