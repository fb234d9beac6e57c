"""Layer 2, cascade risk and market regime by rule."""

from dataclasses import dataclass
from typing import Final

import polars as pl

from hydra.bounds import Fraction, FundingRate
from hydra.domain import Regime, VolatilityRegime

SEVERE_VELOCITY: Final = 0.05
"""Liquidated value over open interest, used by label, score and gates (C20)."""

_RAISED_VELOCITY = 0.02


@dataclass(frozen=True, slots=True)
class RegimeParameters:
    """All thresholds as printed."""

    cascade_probability: Fraction = 0.5
    funding_rate: FundingRate = 0.001
    oi_delta: Fraction = 0.02
    trend_band: Fraction = 0.02


def check_cascade(velocity: pl.Expr) -> pl.Expr:
    """Cascade score 0..0.9 of the liquidated value over open interest; null where velocity is null.

    Formula: velocity > 0.05: 0.9; velocity > 0.02: 0.6; else velocity * 10
    Source: layers document, "Cascade Risk"; C10, C19.
    """
    severe, raised = velocity > SEVERE_VELOCITY, velocity > _RAISED_VELOCITY
    return pl.when(severe).then(0.9).when(raised).then(0.6).otherwise(velocity * 10)


def rule_based_regime(
    cascade_probability: pl.Expr,
    volatility_regime: pl.Expr,
    funding_rate: pl.Expr,
    oi_delta: pl.Expr,
    averages: tuple[pl.Expr, pl.Expr],
    parameters: RegimeParameters,
) -> pl.Expr:
    """Regime code; null where no earlier rule holds and the averages are unknown.

    averages: the 20-bar and the 50-bar mean of five-minute closes, in any common unit.
    funding_rate: fraction per 8 h. oi_delta: fraction.

    Formula: cascade > 0.5: CASCADE_RISK; extreme: HIGH_VOLATILITY; funding > 0.001 and oi > 0.02:
        SQUEEZE_SHORT; funding < -0.001 and oi > 0.02: SQUEEZE_LONG; sma_20 > sma_50 * 1.02: TRENDING_UP;
        sma_20 < sma_50 * 0.98: TRENDING_DOWN; else RANGING
    Source: ML document, "Regime Classifier (Rule-Based)"; C14, C58, C64.
    """
    fast, slow = averages
    is_building = oi_delta > parameters.oi_delta
    return (
        pl.when(cascade_probability > parameters.cascade_probability)
        .then(Regime.CASCADE_RISK.value)
        .when(volatility_regime == VolatilityRegime.EXTREME.value)
        .then(Regime.HIGH_VOLATILITY.value)
        .when((funding_rate > parameters.funding_rate) & is_building)
        .then(Regime.SQUEEZE_SHORT.value)
        .when((funding_rate < -parameters.funding_rate) & is_building)
        .then(Regime.SQUEEZE_LONG.value)
        .when(fast > slow * (1 + parameters.trend_band))
        .then(Regime.TRENDING_UP.value)
        .when(fast < slow * (1 - parameters.trend_band))
        .then(Regime.TRENDING_DOWN.value)
        .when(fast.is_not_null() & slow.is_not_null())
        .then(Regime.RANGING.value)
    )
