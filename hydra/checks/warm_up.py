"""Checks that a decision does not depend on where the facts begin: history before the warm-up is ignored.

A feature at t from facts that begin at t's anchor equals the one from facts that begin earlier. If they begin
later, the null rules say which features become unknown; a feature with a complete window must not change. A
backtest that begins a day earlier gives the same layers 2 and 3; its portfolio may differ and is not
compared.
Source: docs/features.md, "Acceptance" (5); docs/features.md, "Codes"; C116.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import TIME
from hydra.backtest.market import BacktestMarket, epoch_minute
from hydra.backtest.simulation import Simulation
from hydra.checks.compare_simulations import compare_columns
from hydra.checks.comparer import KEY, RELATIVE_TOLERANCE, CheckResult, frame_mismatches
from hydra.checks.varied_markets import decision_instant
from hydra.features.catalogue import CATALOGUE, WORKING_COLUMNS
from hydra.features.evaluate import Evaluate, feature_matrix
from hydra.features.facts import Grid, MarketFacts
from hydra.features.reading.anchor import anchor

RECURSIVE_TOLERANCE: Final = 1e-4
EARLIER_DAYS: Final = (1, 3)
LATER_DAYS: Final = (1, 7)

_REMEMBERS: Final = "ewm_mean"
_SHORT_GRIDS: Final = frozenset({Grid.M1, Grid.M5})
"""Their windows are at most some days of candles; the warm-up contains a month."""


@dataclass
class Change:
    """The effect of another start of the facts on a feature.

    compared: values that were known; became_null: of those, now unknown; moved: beyond the tolerance;
    largest: the largest change, as a fraction of the larger value.
    """

    varied: str
    feature: str
    compared: int = 0
    became_null: int = 0
    moved: int = 0
    largest: float = 0.0

    def add(self, expected: pl.Series, found: pl.Series) -> None:
        """Count the values of one instant."""
        one, other = (side.fill_null(np.nan).to_numpy() for side in (expected, found))
        known = ~np.isnan(one)
        both = known & ~np.isnan(other)
        scale = np.maximum(np.abs(one[both]), np.abs(other[both]))
        by = np.abs(one[both] - other[both]) / np.where(scale > 0, scale, 1.0)
        self.compared += int(known.sum())
        self.became_null += int((known & np.isnan(other)).sum())
        self.moved += int((by > tolerance_of(self.feature)).sum())
        self.largest = max(self.largest, float(by.max(initial=0.0)))


@dataclass
class FeatureWarmUp:
    """results: what must hold. changes: every feature that another start changed, allowed or not."""

    results: dict[str, CheckResult] = field(default_factory=dict)
    changes: dict[tuple[str, str], Change] = field(default_factory=dict)

    def compare(self, varied: str, expected: pl.DataFrame, found: pl.DataFrame, *, is_later: bool) -> None:
        """Compare the matrix of one instant from facts that begin elsewhere."""
        result = self.results.setdefault(varied, CheckResult("features: start of the facts", varied))
        for name in (name for name in expected.columns if name not in KEY):
            result.compared += expected.height
            change = self.changes.setdefault((varied, name), Change(varied, name))
            change.add(expected[name], found[name])
            columns = [*KEY, name]
            for mismatch in frame_mismatches(expected[columns], found[columns], tolerance_of(name)):
                if not (is_later and _may_change(name)):
                    result.note(mismatch)

    def changed(self) -> list[Change]:
        """The features that changed, those that moved furthest first."""
        found = [one for one in self.changes.values() if one.moved or one.became_null]
        return sorted(found, key=lambda one: (one.varied, -one.largest, -one.became_null))


def feature_warm_up(
    market: BacktestMarket, decisions_at: Sequence[pl.DataFrame], evaluate: Evaluate = feature_matrix
) -> FeatureWarmUp:
    """Every feature at some instants, from facts that begin at the instant's anchor, earlier and later.

    decisions_at: one frame an instant (see `decisions_with_signals`). Earlier starts are tried as far as the
    facts of `market` reach (see `days_before`).
    """
    check = FeatureWarmUp()
    for decisions in decisions_at:
        instant = decisions["time"][0]
        reach = days_before(market, instant)
        expected = evaluate(facts_from(market.facts, instant, timedelta(0)), decisions)
        for days in (*(-one for one in EARLIER_DAYS if one <= reach), *LATER_DAYS):
            varied = f"{abs(days)} d {'earlier' if days < 0 else 'later'}"
            found = evaluate(facts_from(market.facts, instant, timedelta(days=days)), decisions)
            check.compare(varied, expected, found, is_later=days > 0)
    return check


def days_before(market: BacktestMarket, instant: datetime) -> float:
    """How many days of candles there are before the anchor of a decision at `instant`."""
    first = market.facts.candles_1m["time"].min()
    if not isinstance(first, datetime):
        return 0.0
    return (anchor(instant)["candles_1m"] - first) / timedelta(days=1)


def decision_warm_up(
    market: BacktestMarket, start: datetime, run: Callable[[BacktestMarket], Simulation]
) -> CheckResult:
    """Layers 2 and 3 of a backtest of all of `market` against one that begins at `start`."""
    later = beginning_at(market, start)
    before = len(market.minutes) - len(later.minutes)
    result = CheckResult("layers 2 and 3: first minute decided", f"begins at {start:%Y-%m-%d %H:%M}")
    rows = range(before, len(market.minutes))
    compare_columns(result, run(market), run(later), rows, shift=before)
    return result


def beginning_at(market: BacktestMarket, start: datetime) -> BacktestMarket:
    """The minutes of `market` from `start` on, with the facts that a backtest from there reads."""
    later = replace(market, minutes=market.minutes[market.minutes >= epoch_minute(start)])
    return replace(later, facts=facts_from(market.facts, decision_instant(later, 0), timedelta(0)))


def facts_from(facts: MarketFacts, instant: datetime, shift: timedelta) -> MarketFacts:
    """`facts` from `shift` after the anchors of a decision at `instant` on."""
    starts = anchor(instant)
    return MarketFacts(
        **{
            name: getattr(facts, name).filter(pl.col("time") >= pl.lit(starts[name] + shift, dtype=TIME))
            for name in starts
        }
    )


def tolerance_of(feature: str) -> float:
    """The relative change allowed with another start: 1e-9, for the EMA family 1e-4."""
    return RECURSIVE_TOLERANCE if is_recursive(feature) else RELATIVE_TOLERANCE


@cache
def is_recursive(name: str) -> bool:
    """Whether a feature, or a step of it, depends on its first bar (EMA, Wilder)."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        step = waiting.pop()
        definition = CATALOGUE.get(step) or WORKING_COLUMNS.get(step)
        if definition is None or step in seen:
            continue
        if _REMEMBERS in str(definition.expression):
            return True
        seen.add(step)
        waiting += definition.expression.meta.root_names()
    return False


def _may_change(name: str) -> bool:
    """Whether a later start removes history that a feature needs; not if it reads days of candles."""
    feature = CATALOGUE.get(name)
    if feature is None:
        return False
    return feature.grid not in _SHORT_GRIDS or not all(one.startswith("candles") for one in feature.inputs)
