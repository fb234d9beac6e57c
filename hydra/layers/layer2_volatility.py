"""Layer 2, volatility: the rank of the realised volatility in the pair's own last 30 days.

By construction 5 % of all minutes are "extreme" and 15 % "high", whatever the level (C12). Volatility and
rank are features (`realized_volatility`, `volatility_percentile`).
"""

import math
from dataclasses import dataclass
from typing import Final, TypeVar

import polars as pl

from hydra.bounds import Fraction
from hydra.domain import VolatilityRegime

Deviation = TypeVar("Deviation", float, pl.Expr)

MINUTES_PER_YEAR: Final = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class VolatilityParameters:
    """Ranks as fractions, printed as 95, 80 and 50. low_percentile None: LOW is not used (C11)."""

    extreme_percentile: Fraction = 0.95
    high_percentile: Fraction = 0.80
    elevated_percentile: Fraction = 0.50
    low_percentile: Fraction | None = None


def annualised_volatility(deviation: Deviation, bar_minutes: int) -> Deviation:
    """The standard deviation of returns (fractions per bar of `bar_minutes`), scaled to a year of 365 days.

    Formula: np.std(returns) * np.sqrt(365 * 24 * 12)  (five-minute bars; 365 * 24 * 60 for one minute)
    Source: layers document, "Volatility Regime"; ML document, "Feature Engineering"; C13.
    """
    return deviation * math.sqrt(MINUTES_PER_YEAR / bar_minutes)


def check_volatility(percentile: pl.Expr, parameters: VolatilityParameters) -> pl.Expr:
    """VolatilityRegime code of a rank in 0..1; null where the rank is null (too little history).

    Formula: percentile > 95: extreme; > 80: high; > 50: elevated; else normal
    Source: layers document, "Volatility Regime"; C11, C12, C118.
    """
    calm = pl.lit(VolatilityRegime.NORMAL.value)
    if parameters.low_percentile is not None:
        is_low = percentile < parameters.low_percentile
        calm = pl.when(is_low).then(VolatilityRegime.LOW.value).otherwise(calm)
    return (
        pl.when(percentile > parameters.extreme_percentile)
        .then(VolatilityRegime.EXTREME.value)
        .when(percentile > parameters.high_percentile)
        .then(VolatilityRegime.HIGH.value)
        .when(percentile > parameters.elevated_percentile)
        .then(VolatilityRegime.ELEVATED.value)
        .when(percentile.is_not_null())
        .then(calm)
    )


def consecutive_extremes(count_before: int, volatility_regime: int) -> int:
    """The number of EXTREME five-minute evaluations in a row, including this one (C121)."""
    return count_before + 1 if volatility_regime == VolatilityRegime.EXTREME.value else 0
