"""Signals scored by the scorer of their minute, live and in columns.

Source: docs/architecture.md, law 2 (one rule for every mode).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from hydra.errors import BadDataError, StopError
from hydra.layers.scorer import SCORERS, TWIN, Scorer, with_score

Vectors = Callable[[pl.DataFrame, Sequence[str]], pl.DataFrame]
"""The named features at given rows (instrument_id, time): a Float64 column a name, in the rows' order.

It raises BadDataError where they are not stored, or of another version."""

_KEY: Final = ("instrument_id", "time")


@dataclass(frozen=True)
class ScorerSince:
    """A scorer and the first minute that it scores; None: from the start."""

    first: datetime | None
    scorer: Scorer


@dataclass(frozen=True)
class Scoring:
    """What scores a run's signals, in the order of time, and where features come from.

    vectors: gives the features that a scorer needs beyond the columns of the signals; None: no scorer does.
    """

    scorers: tuple[ScorerSince, ...]
    vectors: Vectors | None = None

    @classmethod
    def by(cls, scorer: Scorer, vectors: Vectors | None = None) -> "Scoring":
        """One scorer for all minutes."""
        return cls((ScorerSince(None, scorer),), vectors)


def rules_alone(kind: str) -> Scoring:
    """Scoring by a rule of `SCORERS`.

    Raises:
        StopError: `kind` names no rule.
    """
    if kind not in SCORERS:
        raise StopError(f"scoring.scorer is {kind}, which is no rule: it has to be loaded from the registry")
    return Scoring.by(SCORERS[kind])


def scored(firings: pl.DataFrame, scoring: Scoring) -> pl.DataFrame:
    """`firings` (see `generate`), in the order of time, with score and score_kind.

    The rule scores where a model has no score (see `Scorer`), or no features of its version are there.
    """
    if len(scoring.scorers) == 1:
        return _scored_by(firings, scoring.scorers[0].scorer, scoring.vectors)
    begins = [None, *(one.first for one in scoring.scorers[1:])]
    parts = []
    for one, begin, end in zip(scoring.scorers, begins, [*begins[1:], None], strict=True):
        is_own = pl.lit(value=True) if begin is None else pl.col("time") >= begin
        part = firings.filter(is_own if end is None else is_own & (pl.col("time") < end))
        parts.append(_scored_by(part, one.scorer, scoring.vectors))
    return pl.concat(parts)


def _scored_by(firings: pl.DataFrame, scorer: Scorer, vectors: Vectors | None) -> pl.DataFrame:
    if firings.is_empty() or not set(scorer.needs) - set(firings.columns):
        return with_score(firings, scorer)
    if vectors is None:
        raise AssertionError(f"{scorer.kind} needs features that nobody gives")
    own = firings.drop(scorer.needs, strict=False)
    try:
        added = with_score(own.hstack(vectors(firings.select(_KEY), scorer.needs)), scorer)
    except BadDataError:
        # Without features that the model knows, a minute is scored all the same.
        return with_score(firings, TWIN)
    return firings.with_columns(added["score"], added["score_kind"])
