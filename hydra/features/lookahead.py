"""Does a feature know the future? Two checks on any way of evaluating features.

Truncation: the value at t from the facts known by t equals the value from all facts. Future shock: the
value at t does not move when every fact with known_at > t is changed. Both are pure; the tests run them
on generated markets, an operator can run them on recorded ones. Source: features.md section 0, acceptance.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from datetime import datetime

import polars as pl

from hydra.features.facts import TIME, MarketFacts

Evaluate = Callable[[MarketFacts, pl.DataFrame], pl.DataFrame]

RELATIVE_TOLERANCE = 1e-9
_ABSOLUTE_TOLERANCE = 1e-12
_KEY = ("instrument_id", "time")
_SHOCK = 1.37


@dataclass(frozen=True)
class Offence:
    """A feature that differed at one decision. expected: from all facts; found: from the changed facts."""

    check: str
    feature: str
    instrument_id: int
    time: datetime
    expected: float | None
    found: float | None


def truncation_offences(facts: MarketFacts, decisions: pl.DataFrame, evaluate: Evaluate) -> list[Offence]:
    """The features and decisions where the facts known by t give another value than all facts."""
    return _offences("truncation", facts, decisions, evaluate, facts.known_by)


def future_shock_offences(facts: MarketFacts, decisions: pl.DataFrame, evaluate: Evaluate) -> list[Offence]:
    """The features and decisions where a change of the facts that are not yet known moves the value."""
    return _offences("future shock", facts, decisions, evaluate, lambda moment: shocked_after(facts, moment))


def shocked_after(facts: MarketFacts, moment: datetime) -> MarketFacts:
    """`facts` with every number changed, and every side and flag turned, of facts with known_at > moment."""
    return MarketFacts(
        **{field.name: _shocked(getattr(facts, field.name), moment) for field in fields(facts)}
    )


def _shocked(frame: pl.DataFrame, moment: datetime) -> pl.DataFrame:
    unknown = pl.col("known_at") > pl.lit(moment, dtype=TIME)
    changes = [
        pl.when(unknown).then(pl.col(name) * _SHOCK).otherwise(pl.col(name)).alias(name)
        for name, kind in frame.schema.items()
        if kind == pl.Float64
    ]
    if "side" in frame.columns:
        turned = pl.when(pl.col("side") == "LONG").then(pl.lit("SHORT")).otherwise(pl.lit("LONG"))
        changes.append(pl.when(unknown).then(turned).otherwise(pl.col("side")).alias("side"))
    flags = [name for name, kind in frame.schema.items() if kind == pl.Boolean]
    changes += [(pl.col(name) != unknown).alias(name) for name in flags]
    return frame.with_columns(changes)


def _offences(
    check: str,
    facts: MarketFacts,
    decisions: pl.DataFrame,
    evaluate: Evaluate,
    facts_at: Callable[[datetime], MarketFacts],
) -> list[Offence]:
    expected = evaluate(facts, decisions)
    found: list[Offence] = []
    for moment in decisions["time"].unique().sort():
        own = pl.col("time") == moment
        found += _differences(check, expected.filter(own), evaluate(facts_at(moment), decisions.filter(own)))
    return found


def _differences(check: str, expected: pl.DataFrame, found: pl.DataFrame) -> Iterator[Offence]:
    for name in (name for name in expected.columns if name not in _KEY):
        values = zip(expected[name], found[name], strict=True)
        for row, (one, other) in enumerate(values):
            if not _same(one, other):
                instrument, moment = expected.select(_KEY).row(row)
                yield Offence(check, name, instrument, moment, one, other)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * max(abs(one), abs(other))
