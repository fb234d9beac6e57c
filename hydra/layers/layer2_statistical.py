"""Layer 2: is it safe to trade this pair in this minute?

Source: layers document, "LAYER 2: STATISTICAL REALITY" (StatisticalResult); C04, C07 to C15, C111.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import polars as pl

from hydra.domain import ReasonCode, TradabilityStatus
from hydra.layers.layer2_data_health import (
    AGE_COLUMNS,
    INPUTS,
    LIQUIDATION_FEED,
    DataHealthParameters,
    InputHealth,
    with_data_health,
)
from hydra.layers.layer2_matrix import MatrixParameters, decision_matrix, reasons_of, with_tradability
from hydra.layers.layer2_regime import RegimeParameters, check_cascade, rule_based_regime
from hydra.layers.layer2_volatility import VolatilityParameters, check_volatility
from hydra.reason_words import WORDS


@dataclass(frozen=True, slots=True)
class StatisticalParameters:
    """The parameters of layer 2; the defaults are the printed numbers."""

    data_health: DataHealthParameters = field(default_factory=DataHealthParameters)
    volatility: VolatilityParameters = field(default_factory=VolatilityParameters)
    regime: RegimeParameters = field(default_factory=RegimeParameters)
    matrix: MatrixParameters = field(default_factory=MatrixParameters)


def assess(frame: pl.DataFrame, parameters: StatisticalParameters) -> pl.DataFrame:
    """`frame` (one row a pair and minute) with layer 2's verdict.

    Reads the columns of `with_data_health`, and volatility_percentile (0..1), known_liq_velocity,
    funding_rate (fraction per 8 h), oi_delta_pct, m5_price_vs_sma_20, m5_price_vs_sma_50.
    Adds health_<input>, data_healthy, data_outage_seconds, volatility_regime, gate_liquidation_velocity,
    gate_cascade_probability, regime, reason_bits, tradability, reason_code, entries_allowed.
    """
    healthy = with_data_health(frame, parameters.data_health)
    measured, regime, applying = _expressions(parameters)
    with_regime = healthy.with_columns(measured).with_columns(regime)
    return with_tradability(with_regime, applying, parameters.matrix)


@lru_cache(maxsize=64)
def _expressions(
    parameters: StatisticalParameters,
) -> tuple[tuple[pl.Expr, ...], pl.Expr, dict[ReasonCode, pl.Expr]]:
    """The gates' inputs, the regime that follows from them, and the rows of the matrix."""
    velocity = gate_velocity(parameters.data_health)
    volatility, cascade = pl.col("volatility_regime"), pl.col("gate_cascade_probability")
    ranked = check_volatility(pl.col("volatility_percentile"), parameters.volatility)
    measured = (
        ranked.cast(pl.Int8).alias("volatility_regime"),
        velocity.alias("gate_liquidation_velocity"),
        check_cascade(velocity).alias("gate_cascade_probability"),
    )
    regime = _regime(parameters.regime).cast(pl.Int8).alias("regime")
    return measured, regime, decision_matrix(volatility, cascade, pl.col("funding_rate"), parameters.matrix)


def gate_velocity(parameters: DataHealthParameters) -> pl.Expr:
    """Liquidation velocity for the gates: at least so much. Without a feed null becomes 0 (C111)."""
    velocity = pl.col("known_liq_velocity").cast(pl.Float64)
    return velocity if LIQUIDATION_FEED in parameters.feeds else velocity.fill_null(0.0)


def _regime(parameters: RegimeParameters) -> pl.Expr:
    """The printed rule; the averages are multiples of the last five-minute close."""
    averages = (1 / (1 + pl.col("m5_price_vs_sma_20")), 1 / (1 + pl.col("m5_price_vs_sma_50")))
    return rule_based_regime(
        pl.col("gate_cascade_probability"),
        pl.col("volatility_regime"),
        pl.col("funding_rate"),
        pl.col("oi_delta_pct"),
        averages,
        parameters,
    )


def assessment_words(row: Mapping[str, object]) -> str:
    """The verdict of an assessed row in words, with the deciding numbers."""
    bits = row["reason_bits"]
    reasons = reasons_of(bits if isinstance(bits, int) else 0)
    return f"{TradabilityStatus(str(row['tradability']))}: " + "; ".join(
        _words(code, row) for code in reasons
    )


def _words(code: ReasonCode, row: Mapping[str, object]) -> str:
    if code in (ReasonCode.DATA_MISSING, ReasonCode.DATA_STALE):
        return _input_words(code, row)
    template = _TEMPLATES.get(code, WORDS[code])
    return template.format_map({name: row.get(name) for name in _COLUMNS})


def _input_words(code: ReasonCode, row: Mapping[str, object]) -> str:
    state = InputHealth.MISSING if code is ReasonCode.DATA_MISSING else InputHealth.STALE
    names = [name for name in INPUTS if row[f"health_{name}"] == state.value]
    if state is InputHealth.MISSING:
        return "missing: " + ", ".join(names)
    return "stale: " + ", ".join(f"{name} ({row[AGE_COLUMNS[name]]:.0f} s old)" for name in names)


_COLUMNS: Final = ("spread_bps", "gate_cascade_probability", "volatility_percentile", "funding_rate")
_TEMPLATES: Final = {
    ReasonCode.SPREAD_WIDE: "the spread is {spread_bps:.1f} bps",
    ReasonCode.CASCADE: "cascade score {gate_cascade_probability:.2f}",
    ReasonCode.VOLATILITY_EXTREME: (
        "volatility ranks at {volatility_percentile:.1%} of its last 30 days: extreme"
    ),
    ReasonCode.CASCADE_WARNING: "cascade score {gate_cascade_probability:.2f}",
    ReasonCode.VOLATILITY_HIGH: "volatility ranks at {volatility_percentile:.1%} of its last 30 days: high",
    ReasonCode.FUNDING_EXTREME: "funding {funding_rate:+.4%} per 8 h is extreme",
}
