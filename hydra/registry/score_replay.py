"""Scores stored signals again from their stored features, and compares.

Source: docs/architecture.md, laws 2 and 8.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import polars as pl
import psycopg
from psycopg.rows import dict_row

from hydra.db import queries
from hydra.errors import BadDataError
from hydra.features.version import FEATURE_SET_VERSION
from hydra.registry.serving import loaded
from hydra.registry.store import read_model
from hydra.trading.model_scorer import ModelScorer
from hydra.trading.stored_vectors import named_vectors

_ROWS_AT_ONCE: Final = 20_000
_CLOSE: Final = 1e-9
"""How far a score may be from the stored one: a backtest stores features of another computation, whose last
bits may differ; a live minute stores what it used."""
_KEPT: Final = 50
_SCHEMA: Final = {
    "source": pl.String(),
    "side": pl.String(),
    "confidence": pl.Float64(),
    "expected_return": pl.Float64(),
    "expected_adverse_excursion": pl.Float64(),
    "regime": pl.Int64(),
    "volatility_regime": pl.Int64(),
}


@dataclass(frozen=True)
class ScoreDifference:
    """A signal whose score is another one now. again: None: it cannot be scored; why says so."""

    run_id: int
    time: datetime
    base: str
    source: str
    stored: float | None
    again: float | None
    why: str = ""


@dataclass
class ScoreReplay:
    """What came of it. equal: to the last bit; close: within 1e-9. first: some of the differences."""

    title: str
    compared: int = 0
    equal: int = 0
    close: int = 0
    first: list[ScoreDifference] = field(default_factory=list)

    @property
    def differences(self) -> int:
        """How many scores are others."""
        return self.compared - self.equal - self.close

    def add(self, row: dict[str, Any], again: float | None, why: str = "") -> None:
        """Count a signal."""
        stored = row["score"]
        self.compared += 1
        if again is not None and stored == again:
            self.equal += 1
        elif again is not None and stored is not None and abs(stored - again) <= _CLOSE:
            self.close += 1
        elif len(self.first) < _KEPT:
            place = (row["run_id"], row["time"], row["base"], row["source"])
            self.first.append(ScoreDifference(*place, stored, again, why))


def replay_scores(
    connection: psycopg.Connection,
    title: str,
    start: datetime | None = None,
    end: datetime | None = None,
    run_id: int | None = None,
) -> ScoreReplay:
    """Score again every stored signal of [start, end) that the model scored. run_id: None: of all runs.

    Raises:
        StopError: there is no such model.
        BadDataError: it cannot be loaded here.
    """
    scorer, found = loaded(connection, read_model(connection, title)), ScoreReplay(title)
    values = {"title": title, "start": start, "end": end, "run_id": run_id}
    for rows in _batches(connection, values):
        known = [row for row in rows if row["feature_set_version"] == FEATURE_SET_VERSION]
        for row in rows:
            if row["feature_set_version"] is None:
                found.add(row, None, "its features are not stored any more")
            elif row["feature_set_version"] != FEATURE_SET_VERSION:
                found.add(row, None, f"its features are {row['feature_set_version']}")
        for row, again in zip(known, _scores(scorer, known), strict=True):
            found.add(row, again)
    return found


def _batches(connection: psycopg.Connection, values: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    with connection.transaction(), connection.cursor("scored_signals", row_factory=dict_row) as cursor:
        cursor.execute(queries.load("models/scored_signals"), values)
        while rows := cursor.fetchmany(_ROWS_AT_ONCE):
            yield rows


def _scores(scorer: ModelScorer, rows: Sequence[dict[str, Any]]) -> list[float | None]:
    if not rows:
        return []
    columns = {name: [row[name] for row in rows] for name in _SCHEMA}
    try:
        features = named_vectors([row["vector"] for row in rows], scorer.needs)
    except BadDataError:
        return [None] * len(rows)
    frame = pl.DataFrame(columns, schema=_SCHEMA).hstack(features.get_columns())
    return scorer.score(frame).to_list()
