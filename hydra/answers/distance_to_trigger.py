"""How far every generator was from firing: the answer to a quiet minute.

The thresholds are those of `hydra.layers.layer3_signals`; a test holds both to the same verdict.
Source: layers document, "Signal Generators"; C05, C112, C118.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

import polars as pl

from hydra.domain import Regime, Side, SignalSource, VolatilityRegime
from hydra.features.adaptive_thresholds import ADAPTIVE_THRESHOLDS
from hydra.layers.layer3_signals import SignalParameters, Thresholds, thresholds

_OWN: Final = dict.fromkeys(ADAPTIVE_THRESHOLDS, pl.Float64())
Measured = Mapping[str, float | None]
"""funding_rate, oi_delta_pct, liq_imbalance, cascade_probability, return_24h, long_short_ratio, regime,
volatility_regime (codes); null or absent where unknown."""


class Comparison(StrEnum):
    """A strict border (C118), or the state that a code has to have."""

    ABOVE = ">"
    BELOW = "<"
    IS = "is"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a generator. value None or limit NaN: unknown, so the generator stays silent."""

    quantity: str
    comparison: Comparison
    limit: float
    value: float | None

    @property
    def is_met(self) -> bool:
        """Whether it holds; an unknown value never does (C19)."""
        if self.value is None:
            return False
        if self.comparison is Comparison.IS:
            return self.value == self.limit
        return self.value > self.limit if self.comparison is Comparison.ABOVE else self.value < self.limit

    @property
    def shortfall(self) -> float:
        """0 met, 1 as far away as zero is from the limit, more beyond; 1 for what is unknown or a state."""
        if self.is_met:
            return 0.0
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
    conditions: tuple[Condition, ...]

    @property
    def fires(self) -> bool:
        """Whether all conditions hold."""
        return all(condition.is_met for condition in self.conditions)

    @property
    def shortfall(self) -> float:
        """Sum over the conditions; 0 where it fires."""
        return sum(condition.shortfall for condition in self.conditions)


def trigger_distances(measured: Measured, parameters: SignalParameters) -> tuple[TriggerDistance, ...]:
    """One per generator, in the order of the layers document; the nearer side of each, LONG where equal."""
    in_force = _in_force(measured, parameters)
    return tuple(_nearer_side(source, measured, in_force) for source in SignalSource)


def _in_force(measured: Measured, parameters: SignalParameters) -> SignalParameters:
    """`parameters` with the thresholds of this pair and minute; NaN where it has none of its own (C112)."""
    if not parameters.is_adaptive:
        return parameters
    own = pl.DataFrame({name: measured.get(name) for name in ADAPTIVE_THRESHOLDS}, schema=_OWN)
    limits = own.select(
        getattr(thresholds(parameters), field.name).alias(field.name) for field in fields(Thresholds)
    )
    return replace(parameters, **limits.fill_null(math.nan).row(0, named=True))


def _nearer_side(source: SignalSource, measured: Measured, parameters: SignalParameters) -> TriggerDistance:
    both = [
        TriggerDistance(source, side, _conditions(source, side, measured, parameters))
        for side in (Side.LONG, Side.SHORT)
    ]
    return min(both, key=lambda distance: distance.shortfall)


def _conditions(
    source: SignalSource, side: Side, measured: Measured, parameters: SignalParameters
) -> tuple[Condition, ...]:
    is_long = side is Side.LONG
    if source is SignalSource.FUNDING_SQUEEZE:
        return _squeeze(measured, parameters, is_long=is_long)
    if source is SignalSource.LIQUIDATION_REVERSAL:
        return _reversal(measured, parameters, is_long=is_long)
    if source is SignalSource.OI_DIVERGENCE:
        return _divergence(measured, parameters, is_long=is_long)
    if source is SignalSource.CROWDING_FADE:
        return _crowding(measured, parameters, is_long=is_long)
    return _carry(measured, parameters, is_long=is_long)


def _squeeze(measured: Measured, parameters: SignalParameters, *, is_long: bool) -> tuple[Condition, ...]:
    return (
        _beyond(measured, "funding_rate", parameters.squeeze_funding, is_negative=is_long),
        Condition("oi_delta_pct", Comparison.ABOVE, 0.0, measured.get("oi_delta_pct")),
    )


def _reversal(measured: Measured, parameters: SignalParameters, *, is_long: bool) -> tuple[Condition, ...]:
    cascade = measured.get("cascade_probability")
    return (
        _beyond(measured, "liq_imbalance", parameters.reversal_imbalance, is_negative=not is_long),
        Condition("cascade_probability", Comparison.BELOW, parameters.reversal_cascade, cascade),
    )


def _divergence(measured: Measured, parameters: SignalParameters, *, is_long: bool) -> tuple[Condition, ...]:
    return (
        _beyond(measured, "return_24h", parameters.divergence_price_change, is_negative=is_long),
        _beyond(measured, "oi_delta_pct", parameters.divergence_oi_change, is_negative=True),
    )


def _crowding(measured: Measured, parameters: SignalParameters, *, is_long: bool) -> tuple[Condition, ...]:
    ratio = measured.get("long_short_ratio")
    crowd = (
        Condition("long_short_ratio", Comparison.BELOW, parameters.crowding_ratio_low, ratio)
        if is_long
        else Condition("long_short_ratio", Comparison.ABOVE, parameters.crowding_ratio_high, ratio)
    )
    return (crowd, _beyond(measured, "funding_rate", parameters.crowding_funding, is_negative=is_long))


def _carry(measured: Measured, parameters: SignalParameters, *, is_long: bool) -> tuple[Condition, ...]:
    volatility = measured.get("volatility_regime")
    return (
        Condition("regime", Comparison.IS, Regime.RANGING.value, measured.get("regime")),
        Condition("volatility_regime", Comparison.BELOW, VolatilityRegime.HIGH.value, volatility),
        _beyond(measured, "funding_rate", parameters.carry_funding, is_negative=is_long),
    )


def _beyond(measured: Measured, quantity: str, limit: float, *, is_negative: bool) -> Condition:
    """Above `limit`, or below its negative."""
    if is_negative:
        return Condition(quantity, Comparison.BELOW, -limit, measured.get(quantity))
    return Condition(quantity, Comparison.ABOVE, limit, measured.get(quantity))
