"""Layer 2 at work: from the facts known at a minute to one assessment and one feature vector a pair.

Source: DESIGN, "The flow" and laws 1 to 3; C110 (the vector used is stored), C111, C116.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import adbc_driver_manager
import polars as pl
import psycopg
from adbc_driver_manager.dbapi import Connection

from hydra.db import queries
from hydra.db.engine import adbc_connect
from hydra.domain import MarketOrigin
from hydra.errors import DatabaseError
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS, read_adaptive_thresholds
from hydra.features.decision_frame import decision_frame
from hydra.features.evaluate import feature_matrix
from hydra.features.facts import SCHEMAS, TIME, MarketFacts
from hydra.features.grid_memory import GridMemory
from hydra.features.known_rows import count_imports
from hydra.features.vectors import LAYER_2_QUANTITIES_V1, REGIME_FEATURES_V1, SIGNAL_SCORER_FEATURES_V1
from hydra.features.window import MarketWindow
from hydra.layers.layer2_data_health import INPUTS, InputHealth
from hydra.layers.layer2_matrix import reasons_of
from hydra.layers.layer2_statistical import StatisticalParameters, assess, assessment_words
from hydra.running.clock import CYCLE_LENGTH
from hydra.running.parameters import rules_of_run
from hydra.running.runs import Run
from workers.row_writer import Row, write_rows
from workers.stages import Cycle

MOST_WINDOWS: Final = 4
"""So many runs are followed in memory at once; the window of one more takes the place of the oldest."""

_OF_A_SIGNAL: Final = frozenset(SIGNAL_SCORER_FEATURES_V1[:9])
_OF_AN_ASSESSMENT: Final = frozenset(
    name for name in SIGNAL_SCORER_FEATURES_V1 if name.startswith(("regime_", "volatility_regime"))
)
STORED_FEATURES: Final = tuple(
    name
    for name in dict.fromkeys((*LAYER_2_QUANTITIES_V1, *REGIME_FEATURES_V1, *SIGNAL_SCORER_FEATURES_V1))
    if name not in _OF_A_SIGNAL | _OF_AN_ASSESSMENT
)
"""What `hydra.features.vector` holds, in order. Not in it is what stands in other rows of the minute: the
signal's own columns (hydra.signals) and the codes of regime and volatility (hydra.assessments)."""

_AGES: Final = {
    "candles": "candle_age_seconds",
    "funding": "funding_age_seconds",
    "open_interest": "open_interest_age_seconds",
    "order_book": "order_book_age_seconds",
    "liquidations": "liquidation_feed_age_seconds",
}
_STATES: Final = {
    InputHealth.FRESH: "ok",
    InputHealth.NOT_RECORDED: "not_recorded",
    InputHealth.STALE: "stale",
    InputHealth.MISSING: "missing",
    InputHealth.WIDE: "wide",
}
_MEASURED: Final = (
    "funding_rate",
    "oi_delta_pct",
    "liq_imbalance",
    "return_24h",
    "long_short_ratio",
    "volatility_percentile",
)
_FURTHER: Final = ("last_close", "spread_bps", "data_outage_seconds", "entries_allowed")


@dataclass(frozen=True)
class AssessedMinute:
    """Layer 2's answer to a minute, one row a pair, and when the newest fact of each became known."""

    rows: pl.DataFrame
    newest_known_at: dict[int, datetime]


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
    thresholds: "_Thresholds | None" = None
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
            minute = _taken_ahead(held, cycle.as_of, imports) or _assess(run, held, cycle.as_of)
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
        held.ahead = _Ahead(as_of, imports, self._worker.submit(_assess, run, held, as_of))

    def _load(self, run: Run, as_of: datetime) -> _Held:
        self._let_go(run.run_id)
        for oldest in tuple(self._held)[: max(0, len(self._held) - MOST_WINDOWS + 1)]:
            self._let_go(oldest)
        connection = adbc_connect(self._database_url())
        try:
            held = _Held(connection, MarketWindow.load(connection, run.instrument_ids, as_of))
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


def _assess(run: Run, held: _Held, as_of: datetime) -> AssessedMinute:
    facts = held.window.advance(as_of)
    rules = rules_of_run(run)
    rows = assess_minute(facts, run.instrument_ids, as_of, rules.statistical, held.memory)
    if rules.signals.is_adaptive:
        rows = rows.join(
            _own_thresholds(run, held, as_of), on="instrument_id", how="left", maintain_order="left"
        )
    return AssessedMinute(rows, newest_known_at(facts))


def _own_thresholds(run: Run, held: _Held, as_of: datetime) -> pl.DataFrame:
    """Read once a day, and anew after an import: it is three months of facts."""
    imports, day = count_imports(held.connection), as_of.date()
    known = held.thresholds
    if known is None or (known.day, known.imports) != (day, imports):
        rows = read_adaptive_thresholds(held.connection, run.instrument_ids, as_of)
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
    known = decision_frame(facts, as_of).drop("time")
    framed = ids.join(known, on="instrument_id", how="left", maintain_order="left")
    dated = framed.with_columns(pl.lit(as_of, dtype=TIME).alias("time"))
    features = feature_matrix(facts, dated.select("instrument_id", "time"), STORED_FEATURES, memory)
    own = features.drop("instrument_id", "time", "last_close")
    return assess(dated.hstack(own), parameters)


def feature_rows(run: Run, cycle: Cycle, minute: AssessedMinute) -> list[Row]:
    """The vectors as rows of hydra.features."""
    vectors = minute.rows.select(STORED_FEATURES).rows()
    return [
        {
            "run_id": cycle.run_id,
            "instrument_id": instrument_id,
            "time": cycle.time,
            "feature_set_version": run.feature_set_version,
            "vector": vector,
            "newest_known_at": minute.newest_known_at.get(instrument_id),
        }
        for instrument_id, vector in zip(minute.rows["instrument_id"], vectors, strict=True)
    ]


def newest_known_at(facts: MarketFacts) -> dict[int, datetime]:
    """Of each pair the instant at which the newest of its facts became known."""
    parts = [
        getattr(facts, name).lazy().group_by("instrument_id").agg(pl.col("known_at").max())
        for name in SCHEMAS
    ]
    newest = pl.concat(pl.collect_all(parts)).group_by("instrument_id").agg(pl.col("known_at").max())
    return dict(newest.rows())


def assessment_rows(cycle: Cycle, assessed: pl.DataFrame) -> list[Row]:
    """The verdicts as rows of hydra.assessments; `numbers` holds every input with its state and age."""
    return [_assessment_row(cycle, row) for row in assessed.iter_rows(named=True)]


def _assessment_row(cycle: Cycle, row: dict[str, Any]) -> Row:
    return {
        "run_id": cycle.run_id,
        "instrument_id": row["instrument_id"],
        "time": cycle.time,
        "tradability": row["tradability"],
        "reason_code": row["reason_code"],
        "reason": assessment_words(row),
        "regime": row["regime"],
        "volatility_regime": row["volatility_regime"],
        "volatility_zscore": row["realized_volatility_zscore"],
        "realized_volatility": row["realized_volatility"],
        "cascade_probability": row["gate_cascade_probability"],
        "liquidation_velocity": row["liq_velocity"],
        "expected_range_low_1h": row["expected_range_1h_low"],
        "expected_range_high_1h": row["expected_range_1h_high"],
        "regime_break_alert": False,
        "numbers": _numbers(row),
    }


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    inputs = {
        name: {
            "state": _STATES[InputHealth(row[f"health_{name}"])],
            "age_seconds": row.get(_AGES.get(name, "")),
        }
        for name in INPUTS
    }
    reasons = [code.value for code in reasons_of(row["reason_bits"])]
    own = [name for name in ADAPTIVE_THRESHOLDS if name in row]
    measured = {name: row[name] for name in (*_MEASURED, *own)}
    further = {name: row[name] for name in _FURTHER}
    return {"inputs": inputs, "reasons": reasons, "measured": measured, **further}
