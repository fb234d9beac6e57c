"""Layer 3, behavioural signals: who is forced to act, and against whom to stand.

Every generator is an expression over the minute's frame: +1 LONG, -1 SHORT, 0 or null nothing.
Borders are strict as printed (C118); a null input fires nothing (C19).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Final

import polars as pl

from hydra.bounds import CrowdingRatio, Fraction, FundingRate, Hours, PositiveFraction, Slope
from hydra.domain import Regime, Side, SignalSource, VolatilityRegime

SOURCE_TYPE: Final = pl.Enum([source.value for source in SignalSource])
SIDE_TYPE: Final = pl.Enum([Side.LONG.value, Side.SHORT.value])


@dataclass(frozen=True, slots=True)
class SignalParameters:
    """Thresholds as printed (C112); return and excursion C18; holding hours C47.

    is_adaptive: SIGNAL_THRESHOLDS. Each pair's own percentiles then take the place of the thresholds of
    funding, price, open interest and ratio, yet none less extreme than its floor (for the low ratio, its
    ceiling): funding above the exchange's base rate of 0.01 %, 1 % of price, 0.5 % of open interest, 1.2
    longs per short or shorts per long. Those of LIQUIDATION_REVERSAL are shares, and stay as printed.
    """

    squeeze_funding: FundingRate = 0.0005
    squeeze_confidence_slope: Slope = 500.0
    squeeze_confidence_cap: Fraction = 0.8
    reversal_imbalance: Fraction = 0.7
    reversal_cascade: Fraction = 0.3
    reversal_confidence: Fraction = 0.65
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
    holding_hours: tuple[Hours, Hours, Hours, Hours, Hours] = (4.0, 2.0, 6.0, 8.0, 24.0)
    is_adaptive: bool = False
    floor_funding: FundingRate = 0.0001
    floor_price_change: PositiveFraction = 0.01
    floor_oi_change: PositiveFraction = 0.005
    floor_ratio_high: CrowdingRatio = 1.2
    ceiling_ratio_low: CrowdingRatio = 1 / 1.2


@dataclass(frozen=True, slots=True)
class Firing:
    """Direction (+1, -1; 0 or null: none) and confidence (0..1) of a generator, as expressions."""

    direction: pl.Expr
    confidence: pl.Expr


def _direction(is_long: pl.Expr, is_short: pl.Expr) -> pl.Expr:
    return pl.when(is_long).then(1).when(is_short).then(-1).otherwise(0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the generators compare with, one number a row; null: unknown, and nothing fires on it."""

    squeeze_funding: pl.Expr
    divergence_price_change: pl.Expr
    divergence_oi_change: pl.Expr
    crowding_ratio_high: pl.Expr
    crowding_ratio_low: pl.Expr
    crowding_funding: pl.Expr
    carry_funding: pl.Expr


def thresholds(parameters: SignalParameters) -> Thresholds:
    """The printed numbers, or the frame's columns `adaptive_..._threshold` within their floors (C112)."""
    if not parameters.is_adaptive:
        return Thresholds(
            **{field.name: pl.lit(getattr(parameters, field.name)) for field in fields(Thresholds)}
        )
    funding = _at_least("adaptive_funding_threshold", parameters.floor_funding)
    low = pl.col("adaptive_ratio_low_threshold")
    return Thresholds(
        squeeze_funding=funding,
        divergence_price_change=_at_least("adaptive_price_threshold", parameters.floor_price_change),
        divergence_oi_change=_at_least("adaptive_oi_fall_threshold", parameters.floor_oi_change),
        crowding_ratio_high=_at_least("adaptive_ratio_high_threshold", parameters.floor_ratio_high),
        crowding_ratio_low=low.clip(upper_bound=parameters.ceiling_ratio_low),
        crowding_funding=funding,
        carry_funding=funding,
    )


def _at_least(column: str, floor: float) -> pl.Expr:
    return pl.col(column).clip(lower_bound=floor)


def funding_squeeze(funding_rate: pl.Expr, oi_delta: pl.Expr, parameters: SignalParameters) -> Firing:
    """Against those who pay extreme funding while open interest still grows.

    Formula: funding > 0.0005 and oi_delta > 0: SHORT; funding < -0.0005 and oi_delta > 0: LONG;
        confidence min(0.8, abs(funding) * 500)
    Source: layers document, "FUNDING_SQUEEZE"; C05, C118.
    """
    grows, limit = oi_delta > 0, thresholds(parameters).squeeze_funding
    is_long = (funding_rate < -limit) & grows
    is_short = (funding_rate > limit) & grows
    raw = funding_rate.abs() * parameters.squeeze_confidence_slope
    return Firing(
        _direction(is_long, is_short), pl.min_horizontal(raw, pl.lit(parameters.squeeze_confidence_cap))
    )


def liquidation_imbalance(long_usd: float, short_usd: float) -> float:
    """Share of long over short liquidated value, -1..1; 0 where nothing was liquidated.

    Formula: (long_liq - short_liq) / (long_liq + short_liq)
    Source: layers document, "LIQUIDATION_REVERSAL"; C19.
    """
    total = long_usd + short_usd
    return (long_usd - short_usd) / total if total > 0 else 0.0


def liquidation_reversal(imbalance: pl.Expr, cascade: pl.Expr, parameters: SignalParameters) -> Firing:
    """With the bounce, once the forced side is exhausted.

    Formula: imbalance > 0.7 and cascade < 0.3: LONG; imbalance < -0.7 and cascade < 0.3: SHORT;
        confidence 0.65
    Source: layers document, "LIQUIDATION_REVERSAL"; C19, C118.
    """
    is_over = cascade < parameters.reversal_cascade
    is_long = (imbalance > parameters.reversal_imbalance) & is_over
    is_short = (imbalance < -parameters.reversal_imbalance) & is_over
    return Firing(_direction(is_long, is_short), pl.lit(parameters.reversal_confidence))


def oi_divergence(price_change_24h: pl.Expr, oi_delta: pl.Expr, parameters: SignalParameters) -> Firing:
    """Against a move that open interest does not follow.

    Formula: price > 0.02 and oi < -0.02: SHORT; price < -0.02 and oi < -0.02: LONG; confidence 0.55
    Source: layers document, "OI_DIVERGENCE"; C55, C118.
    """
    limits = thresholds(parameters)
    leaves = oi_delta < -limits.divergence_oi_change
    is_long = (price_change_24h < -limits.divergence_price_change) & leaves
    is_short = (price_change_24h > limits.divergence_price_change) & leaves
    return Firing(_direction(is_long, is_short), pl.lit(parameters.divergence_confidence))


def crowding_fade(ls_ratio: pl.Expr, funding_rate: pl.Expr, parameters: SignalParameters) -> Firing:
    """Against a crowd that pays for its side.

    Formula: ratio > 2.0 and funding > 0.0003: SHORT; ratio < 0.5 and funding < -0.0003: LONG;
        confidence 0.6
    Source: layers document, "CROWDING_FADE"; C118.
    """
    limits = thresholds(parameters)
    is_long = (ls_ratio < limits.crowding_ratio_low) & (funding_rate < -limits.crowding_funding)
    is_short = (ls_ratio > limits.crowding_ratio_high) & (funding_rate > limits.crowding_funding)
    return Firing(_direction(is_long, is_short), pl.lit(parameters.crowding_confidence))


def funding_carry(
    funding_rate: pl.Expr, regime: pl.Expr, volatility_regime: pl.Expr, parameters: SignalParameters
) -> Firing:
    """Collects funding while the market ranges.

    Formula: regime RANGING and volatility neither high nor extreme; funding > 0.0005: SHORT;
        funding < -0.0005: LONG; confidence 0.5
    Source: layers document, "FUNDING_CARRY"; C118 (0.50 stands at MIN_SIGNAL_CONFIDENCE, inclusive).
    """
    is_calm = (regime == Regime.RANGING.value) & (volatility_regime < VolatilityRegime.HIGH.value)
    limit = thresholds(parameters).carry_funding
    is_long = (funding_rate < -limit) & is_calm
    is_short = (funding_rate > limit) & is_calm
    return Firing(_direction(is_long, is_short), pl.lit(parameters.carry_confidence))


def generators(parameters: SignalParameters) -> dict[SignalSource, Firing]:
    """The five generators on the columns of an assessed frame, in the order of the layers document."""
    funding, oi_delta = pl.col("funding_rate"), pl.col("oi_delta_pct")
    cascade, volatility = pl.col("gate_cascade_probability"), pl.col("volatility_regime")
    return {
        SignalSource.FUNDING_SQUEEZE: funding_squeeze(funding, oi_delta, parameters),
        SignalSource.LIQUIDATION_REVERSAL: liquidation_reversal(pl.col("liq_imbalance"), cascade, parameters),
        SignalSource.OI_DIVERGENCE: oi_divergence(pl.col("return_24h"), oi_delta, parameters),
        SignalSource.CROWDING_FADE: crowding_fade(pl.col("long_short_ratio"), funding, parameters),
        SignalSource.FUNDING_CARRY: funding_carry(funding, pl.col("regime"), volatility, parameters),
    }


# What a signal's thesis rests on; the sign of the direction makes it positive at entry (features.md 4 #8).
_THESIS: Final[dict[SignalSource, Callable[[], pl.Expr]]] = {
    SignalSource.FUNDING_SQUEEZE: lambda: -pl.col("direction") * pl.col("funding_rate"),
    SignalSource.LIQUIDATION_REVERSAL: lambda: pl.col("direction") * pl.col("liq_imbalance"),
    SignalSource.OI_DIVERGENCE: lambda: -pl.col("direction") * pl.col("return_24h"),
    SignalSource.CROWDING_FADE: lambda: -pl.col("direction") * pl.col("long_short_ratio").log(),
    SignalSource.FUNDING_CARRY: lambda: -pl.col("direction") * pl.col("funding_rate"),
}


def thesis_strength() -> pl.Expr:
    """How much of what a signal or position bets on is there; positive at entry, null where unknown.

    Over the columns source, direction (+1, -1) and those that the generators read.
    Source: features.md section 4 #8 (d); `hydra.layers.positions.thesis_strength` is the same for one row.
    """
    return pl.coalesce(
        pl.when(pl.col("source") == source.value).then(strength()) for source, strength in _THESIS.items()
    )


def generate(frame: pl.DataFrame, parameters: SignalParameters) -> pl.DataFrame:
    """The firings of all generators, one row each, by time, pair and generator.

    frame: what `assess` returned, with instrument_id, time, liq_imbalance, return_24h, long_short_ratio.
    Adds to the frame's columns source, direction (+1, -1), side, confidence, expected_return,
    expected_adverse_excursion (fractions), holding_period_minutes, thesis_strength (positive).
    """
    firings = generators(parameters)
    # In a quiet minute one part, without rows, gives the columns.
    fired = firing_sources(frame, parameters) or tuple(firings)[:1]
    parts = [_fired(frame, source, firings[source], parameters) for source in fired]
    return pl.concat(parts).sort("time", "instrument_id", "source", maintain_order=True)


def firing_sources(frame: pl.DataFrame, parameters: SignalParameters) -> tuple[SignalSource, ...]:
    """The generators that fire anywhere in `frame` (see `generate`), in one pass; none in a quiet minute."""
    counts = frame.select(_counts(parameters))
    return tuple(SignalSource(source) for source, count in counts.row(0, named=True).items() if count)


# Expressions are the same every minute, and take longer to build than eight rows to compute.
@lru_cache(maxsize=64)
def _counts(parameters: SignalParameters) -> tuple[pl.Expr, ...]:
    """How often each generator fires."""
    firings = generators(parameters)
    return tuple((firing.direction != 0).sum().alias(source.value) for source, firing in firings.items())


def _fired(
    frame: pl.DataFrame, source: SignalSource, firing: Firing, parameters: SignalParameters
) -> pl.DataFrame:
    directed = frame.with_columns(firing.direction.cast(pl.Int8).alias("direction"))
    fired = directed.filter(pl.col("direction") != 0)
    holding_hours = parameters.holding_hours[list(SignalSource).index(source)]
    is_long = pl.col("direction") > 0
    return fired.with_columns(
        pl.lit(source.value, dtype=SOURCE_TYPE).alias("source"),
        pl.when(is_long).then(pl.lit("LONG")).otherwise(pl.lit("SHORT")).cast(SIDE_TYPE).alias("side"),
        firing.confidence.cast(pl.Float64).alias("confidence"),
        pl.lit(parameters.expected_return).alias("expected_return"),
        pl.lit(parameters.expected_adverse_excursion).alias("expected_adverse_excursion"),
        pl.lit(round(holding_hours * 60), dtype=pl.Int32).alias("holding_period_minutes"),
        _THESIS[source]().cast(pl.Float64).alias("thesis_strength"),
    )


def thesis_words(firing: Mapping[str, object]) -> str:
    """What the signal bets on, in words (C17); FUNDING_SQUEEZE as printed.

    firing: a row of `generate`.
    """
    source, is_long = SignalSource(str(firing["source"])), firing["side"] == Side.LONG
    funding = f"{abs(_number(firing, 'funding_rate')) * 100:.3f}%"
    if source is SignalSource.FUNDING_SQUEEZE:
        return f"{'Shorts' if is_long else 'Longs'} paying {funding}"
    if source is SignalSource.LIQUIDATION_REVERSAL:
        share = f"imbalance {_number(firing, 'liq_imbalance'):+.2f}"
        return f"{'Longs' if is_long else 'Shorts'} were forced out ({share}): exhausted"
    if source is SignalSource.OI_DIVERGENCE:
        move, leaving = _number(firing, "return_24h"), _number(firing, "oi_delta_pct")
        return f"Price {move:+.2%} in 24 h while open interest changed {leaving:+.2%}: a weak move"
    if source is SignalSource.CROWDING_FADE:
        ratio = _number(firing, "long_short_ratio")
        return f"{ratio:.2f} longs per short and {'shorts' if is_long else 'longs'} paying {funding}: crowded"
    return f"Ranging market: receive {funding} of funding per 8 h"


def _number(firing: Mapping[str, object], name: str) -> float:
    value = firing[name]
    return float(value) if isinstance(value, int | float) else math.nan
