"""Layer 3, behavioural signals: trades against participants who are forced to act.

Every generator is one record (see `Generator`) in `GENERATORS`, with its numbers in `SignalParameters`.
Thresholds are strict as printed (C118); a null input fires nothing (C19).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final

import polars as pl

from hydra.bounds import CrowdingRatio, Fraction, FundingRate, Hours, PositiveFraction, Slope, Zscore
from hydra.domain import ReasonCode, Regime, Side, SignalSource, VolatilityRegime
from hydra.errors import BadDataError
from hydra.layers.generator import (
    Comparison,
    Condition,
    Generator,
    Limits,
    Number,
    Requirement,
    Setup,
    Thesis,
    above,
    at_least,
    below,
)
from hydra.layers.layer2_matrix import REASON_TYPE

SOURCE_TYPE: Final = pl.Enum([source.value for source in SignalSource])
SIDE_TYPE: Final = pl.Enum([Side.LONG.value, Side.SHORT.value])


@dataclass(frozen=True, slots=True)
class SignalParameters:
    """Thresholds as printed (C112); return and excursion: C18; holding hours: C47.

    reversal_min_zscore, reversal_min_velocity: see `apply_requirements`.
    is_adaptive: SIGNAL_THRESHOLDS. The thresholds of funding, price, open interest and ratio are then the
    pair's own percentiles, but never less extreme than the floors (for the low ratio the ceiling):
    the exchange's base rate of funding, 1 % of price, 0.5 % of open interest, 1.2 longs per short or shorts
    per long. The thresholds of LIQUIDATION_REVERSAL are shares and stay as printed.
    """

    squeeze_funding: FundingRate = 0.0005
    squeeze_confidence_slope: Slope = 500.0
    squeeze_confidence_cap: Fraction = 0.8
    reversal_imbalance: Fraction = 0.7
    reversal_cascade: Fraction = 0.3
    reversal_confidence: Fraction = 0.65
    reversal_min_zscore: Zscore = 2.0
    reversal_min_velocity: Fraction = 0.002
    divergence_price_change: PositiveFraction = 0.02
    divergence_oi_change: PositiveFraction = 0.02
    divergence_confidence: Fraction = 0.55
    crowding_ratio_high: CrowdingRatio = 2.0
    crowding_ratio_low: CrowdingRatio = 0.5
    crowding_funding: FundingRate = 0.0003
    crowding_confidence: Fraction = 0.6
    carry_funding: FundingRate = 0.0005
    carry_confidence: Fraction = 0.5
    expected_return: PositiveFraction = 0.02
    expected_adverse_excursion: PositiveFraction = 0.01
    squeeze_holding_hours: Hours = 4.0
    reversal_holding_hours: Hours = 2.0
    divergence_holding_hours: Hours = 6.0
    crowding_holding_hours: Hours = 8.0
    carry_holding_hours: Hours = 24.0
    is_adaptive: bool = False
    floor_funding: FundingRate = 0.0001
    floor_price_change: PositiveFraction = 0.01
    floor_oi_change: PositiveFraction = 0.005
    floor_ratio_high: CrowdingRatio = 1.2
    ceiling_ratio_low: CrowdingRatio = 1 / 1.2


# Threshold -> the pair's own percentile that replaces it (C112), and the parameter that bounds it.
_ADAPTIVE: Final = {
    "squeeze_funding": ("adaptive_funding_threshold", "floor_funding"),
    "divergence_price_change": ("adaptive_price_threshold", "floor_price_change"),
    "divergence_oi_change": ("adaptive_oi_fall_threshold", "floor_oi_change"),
    "crowding_ratio_high": ("adaptive_ratio_high_threshold", "floor_ratio_high"),
    "crowding_ratio_low": ("adaptive_ratio_low_threshold", "ceiling_ratio_low"),
    "crowding_funding": ("adaptive_funding_threshold", "floor_funding"),
    "carry_funding": ("adaptive_funding_threshold", "floor_funding"),
}


def limits_of(parameters: SignalParameters) -> Limits:
    """The parameters by name; with is_adaptive, the pair's own thresholds within their bounds (C112)."""
    printed = {field.name: getattr(parameters, field.name) for field in fields(parameters)}
    if not parameters.is_adaptive:
        return {name: pl.lit(value) for name, value in printed.items()}
    own = {name: _bounded(column, bound, printed[bound]) for name, (column, bound) in _ADAPTIVE.items()}
    return {name: own.get(name, pl.lit(value)) for name, value in printed.items()}


def _bounded(column: str, bound: str, value: float) -> pl.Expr:
    is_floor = bound.startswith("floor_")
    return pl.col(column).clip(value if is_floor else None, None if is_floor else value)


def funding_squeeze() -> Generator:
    """Trades against the side that pays extreme funding while open interest still grows.

    Formula: funding > 0.0005 and oi_delta > 0: SHORT; funding < -0.0005 and oi_delta > 0: LONG;
        confidence min(0.8, abs(funding) * 500)
    Source: layers document, "FUNDING_SQUEEZE"; C05, C118.
    """
    grows = above("oi_delta_pct", 0.0)
    return Generator(
        source=SignalSource.FUNDING_SQUEEZE,
        long=Setup(
            (below("funding_rate", "squeeze_funding", is_negative=True), grows),
            "Shorts paying {funding_paid:.3%}",
        ),
        short=Setup((above("funding_rate", "squeeze_funding"), grows), "Longs paying {funding_paid:.3%}"),
        thesis=Thesis("funding_rate", -1),
        confidence=lambda limits: pl.min_horizontal(
            pl.col("funding_rate").abs() * limits["squeeze_confidence_slope"],
            limits["squeeze_confidence_cap"],
        ),
        holding_hours="squeeze_holding_hours",
    )


def liquidation_imbalance(long_usd: pl.Expr, short_usd: pl.Expr) -> pl.Expr:
    """Liquidated long value less short value over their sum, -1..1; 0 where nothing was liquidated.

    Formula: (long_liq - short_liq) / (long_liq + short_liq)
    Source: layers document, "LIQUIDATION_REVERSAL"; C19.
    """
    total = long_usd + short_usd
    return pl.when(total == 0).then(0.0).otherwise((long_usd - short_usd) / total)


def liquidation_reversal() -> Generator:
    """Trades the rebound once the liquidated side is exhausted. See `apply_requirements`.

    Formula: imbalance > 0.7 and cascade < 0.3: LONG; imbalance < -0.7 and cascade < 0.3: SHORT;
        confidence 0.65
    Source: layers document, "LIQUIDATION_REVERSAL"; C19, C118, C129.
    """
    is_over = below("gate_cascade_probability", "reversal_cascade")
    words = "{forced} were forced out (imbalance {liq_imbalance:+.2f}): exhausted"
    return Generator(
        source=SignalSource.LIQUIDATION_REVERSAL,
        long=Setup(
            (above("liq_imbalance", "reversal_imbalance"), is_over), words.replace("{forced}", "Longs")
        ),
        short=Setup(
            (below("liq_imbalance", "reversal_imbalance", is_negative=True), is_over),
            words.replace("{forced}", "Shorts"),
        ),
        thesis=Thesis("liq_imbalance", 1),
        confidence=lambda limits: limits["reversal_confidence"],
        holding_hours="reversal_holding_hours",
        requirement=Requirement(
            (
                at_least("liq_zscore_max_1h", "reversal_min_zscore"),
                at_least("liq_velocity", "reversal_min_velocity"),
            ),
            ReasonCode.NO_CASCADE,
        ),
    )


def oi_divergence() -> Generator:
    """Trades against a price move while open interest falls.

    Formula: price > 0.02 and oi < -0.02: SHORT; price < -0.02 and oi < -0.02: LONG; confidence 0.55
    Source: layers document, "OI_DIVERGENCE"; C55, C118.
    """
    leaves = below("oi_delta_pct", "divergence_oi_change", is_negative=True)
    words = "Price {return_24h:+.2%} in 24 h while open interest changed {oi_delta_pct:+.2%}: a weak move"
    return Generator(
        source=SignalSource.OI_DIVERGENCE,
        long=Setup((below("return_24h", "divergence_price_change", is_negative=True), leaves), words),
        short=Setup((above("return_24h", "divergence_price_change"), leaves), words),
        thesis=Thesis("return_24h", -1),
        confidence=lambda limits: limits["divergence_confidence"],
        holding_hours="divergence_holding_hours",
    )


def crowding_fade() -> Generator:
    """Trades against a crowded side that pays funding.

    Formula: ratio > 2.0 and funding > 0.0003: SHORT; ratio < 0.5 and funding < -0.0003: LONG;
        confidence 0.6
    Source: layers document, "CROWDING_FADE"; C118.
    """
    words = "{long_short_ratio:.2f} longs per short and %s paying {funding_paid:.3%%}: crowded"
    return Generator(
        source=SignalSource.CROWDING_FADE,
        long=Setup(
            (
                below("long_short_ratio", "crowding_ratio_low"),
                below("funding_rate", "crowding_funding", is_negative=True),
            ),
            words % "shorts",
        ),
        short=Setup(
            (above("long_short_ratio", "crowding_ratio_high"), above("funding_rate", "crowding_funding")),
            words % "longs",
        ),
        thesis=Thesis("long_short_ratio", -1, is_ratio=True),
        confidence=lambda limits: limits["crowding_confidence"],
        holding_hours="crowding_holding_hours",
    )


def funding_carry() -> Generator:
    """Receives funding while the market ranges.

    Formula: regime RANGING and volatility neither high nor extreme; funding > 0.0005: SHORT;
        funding < -0.0005: LONG; confidence 0.5
    Source: layers document, "FUNDING_CARRY"; C118 (0.50 equals MIN_SIGNAL_CONFIDENCE, which is inclusive).
    """
    calm = (
        Condition("regime", Comparison.IS, Regime.RANGING.value),
        below("volatility_regime", VolatilityRegime.HIGH.value),
    )
    words = "Ranging market: receive {funding_paid:.3%} of funding per 8 h"
    return Generator(
        source=SignalSource.FUNDING_CARRY,
        long=Setup((*calm, below("funding_rate", "carry_funding", is_negative=True)), words),
        short=Setup((*calm, above("funding_rate", "carry_funding")), words),
        thesis=Thesis("funding_rate", -1),
        confidence=lambda limits: limits["carry_confidence"],
        holding_hours="carry_holding_hours",
    )


GENERATORS: Final = {
    generator.source: generator
    for generator in (
        funding_squeeze(),
        liquidation_reversal(),
        oi_divergence(),
        crowding_fade(),
        funding_carry(),
    )
}
"""Every generator, in the order of the layers document."""


def generator_of(source: str) -> Generator:
    """The generator of a source.

    Raises:
        BadDataError: there is no such generator.
    """
    found = {generator.source.value: generator for generator in GENERATORS.values()}.get(str(source))
    if found is None:
        raise BadDataError(f"there is no generator {source}; known are {', '.join(GENERATORS)}")
    return found


def thesis_strength(source: SignalSource, direction: int, value: Number) -> Number:
    """Strength of the thesis: positive at entry, NaN where unknown.

    value: of the thesis's column (see `Thesis`), a number or an array.

    Formula: FUNDING_*: -s x funding; CROWDING_FADE: -s x ln(ratio); OI_DIVERGENCE: -s x price change 24h;
        LIQUIDATION_REVERSAL: s x imbalance
    Source: ML document, "exit predictor" (thesis_health); README document, "Trading Flow" (thesis health).
    """
    return generator_of(source).thesis.strength(direction, value)


def generate(frame: pl.DataFrame, parameters: SignalParameters) -> pl.DataFrame:
    """The signals of all generators, a row each, by time, pair and generator.

    frame: of `assess`, with instrument_id, time and the columns that the generators read.
    Adds source, direction (+1, -1), side, confidence, expected_return,
    expected_adverse_excursion (fractions), holding_period_minutes, thesis_strength (positive).
    """
    # If no generator fires, an empty part of the first one gives the columns.
    fired = firing_sources(frame, parameters) or tuple(GENERATORS)[:1]
    parts = [_fired(frame, GENERATORS[source], parameters) for source in fired]
    return pl.concat(parts).sort("time", "instrument_id", "source", maintain_order=True)


def firing_sources(frame: pl.DataFrame, parameters: SignalParameters) -> tuple[SignalSource, ...]:
    """The generators that fire anywhere in `frame` (see `generate`), found in one pass."""
    counts = frame.select(_counts(parameters))
    return tuple(SignalSource(source) for source, count in counts.row(0, named=True).items() if count)


@lru_cache(maxsize=64)
def _counts(parameters: SignalParameters) -> tuple[pl.Expr, ...]:
    limits = limits_of(parameters)
    return tuple((one.direction(limits) != 0).sum().alias(one.source.value) for one in GENERATORS.values())


def _fired(frame: pl.DataFrame, generator: Generator, parameters: SignalParameters) -> pl.DataFrame:
    limits = limits_of(parameters)
    directed = frame.with_columns(generator.direction(limits).cast(pl.Int8).alias("direction"))
    fired = directed.filter(pl.col("direction") != 0)
    holding_hours = getattr(parameters, generator.holding_hours)
    is_long = pl.col("direction") > 0
    return fired.with_columns(
        pl.lit(generator.source.value, dtype=SOURCE_TYPE).alias("source"),
        pl.when(is_long).then(pl.lit("LONG")).otherwise(pl.lit("SHORT")).cast(SIDE_TYPE).alias("side"),
        generator.confidence(limits).cast(pl.Float64).alias("confidence"),
        pl.lit(parameters.expected_return).alias("expected_return"),
        pl.lit(parameters.expected_adverse_excursion).alias("expected_adverse_excursion"),
        pl.lit(round(holding_hours * 60), dtype=pl.Int32).alias("holding_period_minutes"),
        generator.thesis.expression().cast(pl.Float64).alias("thesis_strength"),
    )


def apply_requirements(firings: pl.DataFrame, parameters: SignalParameters) -> pl.DataFrame:
    """`firings` (see `generate`) with refusal: the reason against a signal; null: none.

    LIQUIDATION_REVERSAL needs a cascade before it: liq_zscore of at least 2 in some minute of the last hour,
    or liq_velocity of at least 0.002 now. Smaller or unknown: NO_CASCADE. A limit of 0 switches this off.
    Source: C129.
    """
    refusal = pl.lit(None, dtype=REASON_TYPE)
    limits = limits_of(parameters)
    for generator in GENERATORS.values():
        required = generator.requirement
        if required is not None and not is_switched_off(required, parameters):
            is_met = pl.any_horizontal(one.holds(limits).fill_null(value=False) for one in required.any_of)
            refusal = (
                pl.when((pl.col("source") == generator.source.value) & ~is_met)
                .then(pl.lit(required.reason_code.value, dtype=REASON_TYPE))
                .otherwise(refusal)
            )
    return firings.with_columns(refusal.alias("refusal"))


def is_switched_off(requirement: Requirement, parameters: SignalParameters) -> bool:
    """True if one of its limits is 0."""
    limits = (one.limit for one in requirement.any_of)
    return any((getattr(parameters, one) if isinstance(one, str) else one) == 0 for one in limits)


def thesis_words(firing: Mapping[str, object]) -> str:
    """The thesis in words (C17); FUNDING_SQUEEZE as printed.

    firing: a row of `generate`.
    """
    generator = generator_of(str(firing["source"]))
    numbers = {name: _number(firing, name) for name in generator.columns}
    words = generator.setup(Side(str(firing["side"]))).words
    return words.format(funding_paid=abs(numbers.get("funding_rate", math.nan)), **numbers)


def _number(firing: Mapping[str, object], name: str) -> float:
    value = firing.get(name)
    return float(value) if isinstance(value, int | float) else math.nan
