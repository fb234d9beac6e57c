"""Layer 2 at work: from the facts known at a minute to one assessment and one feature vector a pair.

Source: DESIGN, "The flow" and laws 1 to 3; C110 (the vector used is stored), C111, C116.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

import adbc_driver_manager
import polars as pl
import psycopg
from adbc_driver_manager.dbapi import Connection

from hydra.db import queries
from hydra.db.engine import adbc_connect
from hydra.domain import MarketOrigin
from hydra.errors import DatabaseError
from hydra.features.adaptive_thresholds import read_adaptive_thresholds
from hydra.features.decision_frame import decision_frame, newest_known_at
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import TIME, MarketFacts
from hydra.features.grid_memory import GridMemory
from hydra.features.window import MarketWindow
from hydra.layers.layer2_statistical import StatisticalParameters, assess
from hydra.running.clock import CYCLE_LENGTH
from hydra.trading.assessment_rows import (
    STORED_FEATURES,
    AssessedMinute,
    assessment_rows,
    feature_rows,
)
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import rules_of_run
from hydra.trading.row_writer import write_rows
from hydra.trading.runs import Run

READ_AHEAD: Final = timedelta(hours=1)
"""So much of a replay is read at once: one reading an hour of its time costs less than one a minute."""

MOST_WINDOWS: Final = 4
"""So many runs are followed in memory at once; the window of one more takes the place of the oldest."""


@dataclass
class _Ahead:
    """The next minute of a replay, assessed while the other stages are at work on this one.

    imports: how many imports there were when it began; one more, and the facts may be others.
    """

    as_of: datetime
    imports: int
    answer: Future[AssessedMinute]


@dataclass(frozen=True)
class _Thresholds:
    """The pairs' own thresholds (C112): one row a pair, the same for all minutes of a UTC day.

    imports: how many imports there were; one more, and the history may be another.
    """

    day: date
    imports: int
    rows: pl.DataFrame


@dataclass
class _Held:
    """The window of a run, the connection that it reads on, and what the last minute computed."""

    connection: Connection
    window: MarketWindow
    memory: GridMemory = field(default_factory=GridMemory)
    thresholds: _Thresholds | None = None
    ahead: _Ahead | None = None


class StatisticalLayer:
    """Answers the stage `assess`; keeps the market windows of the runs that this process works for.

    A replay's facts are stored before they are replayed, so its next minute is assessed ahead, in a thread of
    its own. A market that still arrives is never assessed ahead.
    """

    def __init__(self, database_url: Callable[[], str]) -> None:
        self._database_url = database_url
        self._held: dict[int, _Held] = {}
        self._worker = ThreadPoolExecutor(max_workers=1)

    def answer(self, connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        """Write the cycle's assessments and feature vectors.

        Raises:
            DatabaseError: the facts could not be read; the next attempt starts with a fresh window.
        """
        imports = _count_imports(connection)
        try:
            held = self._current(run, cycle.as_of)
            minute = _taken_ahead(held, cycle.as_of, imports) or _assess(run, held, cycle.as_of, imports)
        except DatabaseError:
            self._let_go(run.run_id)
            raise
        self._go_ahead(run, held, cycle, imports)
        write_rows(connection, "stages/add_features", feature_rows(run, cycle, minute))
        write_rows(connection, "stages/add_assessments", assessment_rows(cycle, minute.rows))

    def close(self) -> None:
        """Let go of all windows and their connections."""
        for run_id in tuple(self._held):
            self._let_go(run_id)
        self._worker.shutdown()

    def _current(self, run: Run, as_of: datetime) -> _Held:
        """The window of the run, which stands at `as_of` or before, or at the minute assessed ahead."""
        held = self._held.get(run.run_id)
        if held is not None and held.ahead is not None:
            wait([held.ahead.answer])
        if held is None or held.window.as_of > as_of:
            held = self._load(run, as_of)
        return held

    def _go_ahead(self, run: Run, held: _Held, cycle: Cycle, imports: int) -> None:
        is_last = run.data_to is not None and cycle.time + CYCLE_LENGTH >= run.data_to
        if run.market_origin is MarketOrigin.EXCHANGE or is_last:
            return
        as_of = cycle.as_of + CYCLE_LENGTH
        held.ahead = _Ahead(as_of, imports, self._worker.submit(_assess, run, held, as_of, imports))

    def _load(self, run: Run, as_of: datetime) -> _Held:
        self._let_go(run.run_id)
        for oldest in tuple(self._held)[: max(0, len(self._held) - MOST_WINDOWS + 1)]:
            self._let_go(oldest)
        connection = adbc_connect(self._database_url())
        try:
            read_ahead = timedelta(0) if run.market_origin is MarketOrigin.EXCHANGE else READ_AHEAD
            held = _Held(connection, MarketWindow.load(connection, run.instrument_ids, as_of, read_ahead))
        except DatabaseError:
            connection.close()
            raise
        self._held[run.run_id] = held
        return held

    def _let_go(self, run_id: int) -> None:
        held = self._held.pop(run_id, None)
        if held is None:
            return
        if held.ahead is not None:
            wait([held.ahead.answer])
        try:
            held.connection.close()
        except adbc_driver_manager.Error:
            return  # it was lost with the server, and goes with this object


def _taken_ahead(held: _Held, as_of: datetime, imports: int) -> AssessedMinute | None:
    """What was assessed ahead for this instant; None if nothing was, or an import came in between."""
    if held.ahead is None:
        return None
    ahead, held.ahead = held.ahead, None
    minute = ahead.answer.result()
    return minute if ahead.as_of == as_of and ahead.imports == imports else None


def _assess(run: Run, held: _Held, as_of: datetime, imports: int) -> AssessedMinute:
    facts = held.window.advance(as_of, imports)
    rules = rules_of_run(run)
    rows = assess_minute(facts, run.instrument_ids, as_of, rules.statistical, held.memory)
    if rules.signals.is_adaptive:
        own = _own_thresholds(run, held, as_of, imports)
        rows = rows.join(own, on="instrument_id", how="left", maintain_order="left")
    return AssessedMinute(rows, newest_known_at(facts, held.memory))


def _own_thresholds(run: Run, held: _Held, as_of: datetime, imports: int) -> pl.DataFrame:
    """Read once a day, and anew after an import: it is three months of facts."""
    day = as_of.astimezone(UTC).date()
    known = held.thresholds
    if known is None or (known.day, known.imports) != (day, imports):
        rows = read_adaptive_thresholds(held.connection, run.instrument_ids, (day,)).drop("day")
        known = held.thresholds = _Thresholds(day, imports, rows)
    return known.rows


def _count_imports(connection: psycopg.Connection) -> int:
    row = connection.execute(queries.load("reads/import_count")).fetchone()
    if row is None:
        raise AssertionError("a count always gives one row")
    return int(row[0])


def assess_minute(
    facts: MarketFacts,
    instrument_ids: Sequence[int],
    as_of: datetime,
    parameters: StatisticalParameters,
    memory: GridMemory,
) -> pl.DataFrame:
    """One row per instrument, in the given order, with ages, features and layer 2's verdict.

    A pair of which nothing is known has a row too: everything required of it is missing.
    """
    ids = pl.Series("instrument_id", instrument_ids, dtype=pl.Int16()).to_frame()
    known = decision_frame(facts, as_of, memory).drop("time")
    framed = ids.join(known, on="instrument_id", how="left", maintain_order="left")
    dated = framed.with_columns(pl.lit(as_of, dtype=TIME).alias("time"))
    features = feature_matrix(facts, dated.select("instrument_id", "time"), STORED_FEATURES, memory)
    own = features.drop("instrument_id", "time", "last_close")
    return assess(dated.hstack(own), parameters)
