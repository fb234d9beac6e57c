"""Two checks that a feature does not use the future, for any way of evaluating features.

Truncation: the value at t from the facts known by t equals the value from all facts. Future shock: the
value at t does not move when every fact with known_at > t is changed.
Source: docs/features.md, "Acceptance".
"""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime

import polars as pl

from hydra.arrays import TIME
from hydra.checks.comparer import Mismatch, frame_mismatches
from hydra.checks.varied_markets import shocked_rows
from hydra.features.evaluate import Evaluate
from hydra.features.facts import MarketFacts


def truncation_mismatches(facts: MarketFacts, decisions: pl.DataFrame, evaluate: Evaluate) -> list[Mismatch]:
    """The features and decisions where the facts known by t give another value than all facts."""
    return _mismatches(facts, decisions, evaluate, facts.known_by)


def future_shock_mismatches(
    facts: MarketFacts, decisions: pl.DataFrame, evaluate: Evaluate
) -> list[Mismatch]:
    """The features and decisions whose value changes when facts that are not yet known change."""
    return _mismatches(facts, decisions, evaluate, lambda moment: _shocked_after(facts, moment))


def _shocked_after(facts: MarketFacts, moment: datetime) -> MarketFacts:
    later = pl.col("known_at") > pl.lit(moment, dtype=TIME)
    return MarketFacts(
        **{field.name: shocked_rows(getattr(facts, field.name), later) for field in fields(facts)}
    )


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
