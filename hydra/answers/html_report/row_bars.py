"""Bars inside the cells of a table; the numbers stand beside them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from hydra.answers.cost_steps import CostStep
from hydra.ledger.calibration import CalibrationBin

_LEAST_PERCENT: Final = 0.4
"""The narrowest bar: every value other than zero stays visible."""

_STEPS: Final = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class RowBar:
    """A bar within its cell, in percent of the cell's width; mark: where a thin line stands."""

    left: float
    width: float
    kind: str
    mark: float


def row_bars(spans: Sequence[tuple[float, float]], kinds: Sequence[str]) -> list[RowBar]:
    """A bar from the start to the end of each span, all on one scale; the mark is at zero."""
    values = [0.0, *(value for span in spans for value in span)]
    low = min(values)
    scale = 100 / ((max(values) - low) or 1.0)
    bars = []
    for (start, end), kind in zip(spans, kinds, strict=True):
        width = max(abs(end - start) * scale, _LEAST_PERCENT if start != end else 0.0)
        bars.append(RowBar((min(start, end) - low) * scale, width, kind, -low * scale))
    return bars


def signed_bars(amounts: Sequence[Decimal]) -> list[RowBar]:
    """One bar per amount: right of zero if positive, left if negative."""
    return row_bars([(0.0, float(amount)) for amount in amounts], [_sign(amount) for amount in amounts])


def waterfall(steps: Sequence[CostStep]) -> list[RowBar]:
    """One bar per step: sums start at zero, every other step where the previous one ended."""
    spans: list[tuple[float, float]] = []
    level = 0.0
    for step in steps:
        amount = float(step.amount_usd)
        start, level = (0.0, amount) if step.is_sum else (level, level + amount)
        spans.append((start, level))
    return row_bars(spans, ["sum" if step.is_sum else _sign(step.amount_usd) for step in steps])


def share_bar(part: int, whole: int, kind: str) -> RowBar:
    """A bar that is `part` of `whole` wide."""
    return RowBar(0.0, 100 * part / whole, kind, 0.0)


def interval_bar(group: CalibrationBin) -> RowBar:
    """The 95 % interval of the share that won, on 0 to 1; the mark is at the confidence."""
    return RowBar(100 * group.low, 100 * (group.high - group.low), "interval", 100 * group.mean_confidence)


@dataclass(frozen=True, slots=True)
class HistogramBin:
    """How many values lie in [low, high)."""

    low: float
    high: float
    count: int


def histogram(values: Sequence[float], most: int = 20) -> list[HistogramBin]:
    """Bins of one round width, about `most` of them; zero is an edge, so that no bin mixes loss and gain.

    A value on an edge lies in the bin right of it.
    """
    if not values:
        return []
    step = _round_step((max(*values, 0.0) - min(*values, 0.0)) or 1.0, most)
    numbers = [_bin_number(value, step) for value in values]
    first, last = min(numbers), max(numbers)
    return [
        HistogramBin(number * step, (number + 1) * step, numbers.count(number))
        for number in range(first, last + 1)
    ]


def _round_step(span: float, most: int) -> float:
    """The smallest 1, 2, 2.5 or 5 times a power of ten that cuts `span` into at most `most` parts."""
    power = 10.0 ** math.floor(math.log10(span / most))
    return next(factor * power for factor in _STEPS if factor * power >= span / most * (1 - 1e-9))


def _bin_number(value: float, step: float) -> int:
    """The bin counted from zero."""
    number = math.floor(value / step + 1e-9)
    return min(number, -1) if value < 0 else number


def _sign(amount: Decimal) -> str:
    return "gain" if amount > 0 else "loss"
