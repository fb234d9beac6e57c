"""Two checks that a feature does not use the future, for any way of evaluating features.

Truncation: the value at t from the facts known by t equals the value from all facts. Future shock: the
value at t does not move when every fact with known_at > t is changed. Both are pure; the tests run them
on generated markets, an operator can run them on recorded ones.
Source: docs/features.md, "Acceptance".
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime

import polars as pl

from hydra.arrays import TIME
from hydra.checks.comparer import Mismatch, frame_mismatches
from hydra.features.facts import MarketFacts

Evaluate = Callable[[MarketFacts, pl.DataFrame], pl.DataFrame]

_SHOCK = 1.37
_COUNTS = frozenset({"interval_hours", "row_count"})


def truncation_mismatches(facts: MarketFacts, decisions: pl.DataFrame, evaluate: Evaluate) -> list[Mismatch]:
    """The features and decisions where the facts known by t give another value than all facts."""
    return _mismatches(facts, decisions, evaluate, facts.known_by)


def future_shock_mismatches(
    facts: MarketFacts, decisions: pl.DataFrame, evaluate: Evaluate
) -> list[Mismatch]:
    """The features and decisions whose value changes when facts that are not yet known change."""
    return _mismatches(facts, decisions, evaluate, lambda moment: shocked_after(facts, moment))


def shocked_after(facts: MarketFacts, moment: datetime) -> MarketFacts:
    """`facts` with all facts with known_at > moment changed (see `shocked_rows`)."""
    return MarketFacts(
        **{field.name: _shocked(getattr(facts, field.name), moment) for field in fields(facts)}
    )


def shocked_rows(frame: pl.DataFrame, which: pl.Expr) -> pl.DataFrame:
    """`frame` with every number changed, and every side and flag reversed, in the rows `which`.

    Rows without anything to change (heartbeats) are removed.
    """
    changes = [
        pl.when(which).then(_changed(name, kind)).otherwise(pl.col(name)).alias(name)
        for name, kind in frame.schema.items()
        if kind in (pl.Float64, pl.Boolean) or name in _COUNTS or name == "side"
    ]
    return frame.with_columns(changes) if changes else frame.filter(~which)


def _changed(name: str, kind: pl.DataType) -> pl.Expr:
    if name == "side":
        return pl.when(pl.col("side") == "LONG").then(pl.lit("SHORT")).otherwise(pl.lit("LONG"))
    if kind == pl.Boolean:
        return ~pl.col(name)
    return (pl.col(name) // 2).cast(kind) if name in _COUNTS else pl.col(name) * _SHOCK


def _shocked(frame: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    return shocked_rows(frame, pl.col("known_at") > pl.lit(moment, dtype=TIME))


def _mismatches(
    facts: MarketFacts,
    decisions: pl.DataFrame,
    evaluate: Evaluate,
    facts_at: Callable[[datetime], MarketFacts],
) -> list[Mismatch]:
    expected = evaluate(facts, decisions)
    found: list[Mismatch] = []
    for moment in decisions["time"].unique().sort():
        own = pl.col("time") == moment
        found += frame_mismatches(expected.filter(own), evaluate(facts_at(moment), decisions.filter(own)))
    return found
