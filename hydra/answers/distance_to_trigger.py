"""How far every generator was from firing: the answer to a quiet minute.

The conditions are those of the generators' own records (`hydra.layers.layer3_signals`).
Source: C05, C112, C118, C129.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from hydra.domain import Side, SignalSource
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS
from hydra.layers.generator import Comparison, Condition, Generator, is_met
from hydra.layers.layer3_signals import GENERATORS, SignalParameters, is_switched_off, limits_of

_OWN: Final = dict.fromkeys(ADAPTIVE_THRESHOLDS, pl.Float64())
MeasuredColumns = Mapping[str, float | None]
"""Every column that the generators read, by name; regimes as codes; null or absent where unknown."""


@dataclass(frozen=True, slots=True)
class MeasuredCondition:
    """One condition of a generator. value None or limit NaN: unknown, so the generator stays silent.

    alternative: another condition that does as well; None: there is none.
    """

    quantity: str
    comparison: Comparison
    limit: float
    value: float | None
    alternative: "MeasuredCondition | None" = None

    @property
    def is_met(self) -> bool:
        """Whether it holds; an unknown value never does (C19)."""
        if self.alternative is not None and self.alternative.is_met:
            return True
        return self.value is not None and is_met(self.comparison, self.value, self.limit)

    @property
    def shortfall(self) -> float:
        """0 met, 1 as far away as zero is from the limit, more beyond; 1 for what is unknown or a state."""
        if self.is_met:
            return 0.0
        if self.alternative is not None:
            return min(self._own_shortfall, self.alternative.shortfall)
        return self._own_shortfall

    @property
    def _own_shortfall(self) -> float:
        if self.value is None or math.isnan(self.limit):
            return 1.0
        if self.comparison is Comparison.IS or self.limit == 0:
            return 1.0
        return abs(self.limit - self.value) / abs(self.limit)


@dataclass(frozen=True, slots=True)
class TriggerDistance:
    """The side of a generator that was nearer to firing, with its conditions in the printed order."""

    source: SignalSource
    side: Side
    conditions: tuple[MeasuredCondition, ...]

    @property
    def fires(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.is_met for condition in self.conditions)

    @property
    def shortfall(self) -> float:
        """Sum over the conditions; 0 where it fires."""
        return sum(condition.shortfall for condition in self.conditions)


def trigger_distances(measured: MeasuredColumns, parameters: SignalParameters) -> tuple[TriggerDistance, ...]:
    """One per generator, in the order of the layers document; the nearer side of each, LONG where equal."""
    limits = _limits_in_force(measured, parameters)
    return tuple(
        min(
            (_distance(generator, side, measured, limits, parameters) for side in (Side.LONG, Side.SHORT)),
            key=lambda distance: distance.shortfall,
        )
        for generator in GENERATORS.values()
    )


def _limits_in_force(measured: MeasuredColumns, parameters: SignalParameters) -> dict[str, float]:
    """The limits of this pair and minute; NaN where it has none of its own (C112)."""
    own = pl.DataFrame({name: measured.get(name) for name in ADAPTIVE_THRESHOLDS}, schema=_OWN)
    limits = own.select(limit.cast(pl.Float64).alias(name) for name, limit in limits_of(parameters).items())
    return limits.fill_null(math.nan).row(0, named=True)


def _distance(
    generator: Generator,
    side: Side,
    measured: MeasuredColumns,
    limits: Mapping[str, float],
    parameters: SignalParameters,
) -> TriggerDistance:
    conditions = [_measured(one, measured, limits) for one in generator.setup(side).conditions]
    required = generator.requirement
    if required is not None and not is_switched_off(required, parameters):
        either: MeasuredCondition | None = None
        for one in reversed(required.any_of):
            either = _measured(one, measured, limits, either)
        if either is not None:
            conditions.append(either)
    return TriggerDistance(generator.source, side, tuple(conditions))


def _measured(
    condition: Condition,
    measured: MeasuredColumns,
    limits: Mapping[str, float],
    alternative: MeasuredCondition | None = None,
) -> MeasuredCondition:
    limit = float(condition.limit_in(limits))
    value = measured.get(condition.column)
    return MeasuredCondition(condition.column, condition.comparison, limit, value, alternative)
