"""Ranges of minutes: bands, compression, breakouts (recipe)."""

from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import (
    BAR_INPUTS,
    CLOSE_INPUTS,
    VOLUME_INPUTS,
    ratio_or,
    recipe_feature,
)
from hydra.features.expressions import least_present, rolling_mean, share_at_most
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_BARS: Final = 20
_RANGE_BARS: Final = 100
_NARROW_BARS: Final = 7
_CLOSE, _HIGH, _LOW = pl.col("close"), pl.col("high"), pl.col("low")
_LEAST: Final = least_present(_BARS)


def _narrowest() -> pl.Expr:
    """1 if the bar's range is strictly the smallest of the last seven, else 0."""
    others = pl.col("bar_range").shift(1).rolling_min(_NARROW_BARS - 1, min_samples=_NARROW_BARS - 1)
    return (pl.col("bar_range") < others).cast(pl.Float64)


def _thrust() -> pl.Expr:
    """How far the close lies outside the range of the 20 bars before, in ATR; 0 inside."""
    above, below = _CLOSE - pl.col("high_before"), _CLOSE - pl.col("low_before")
    outside = pl.when(above > 0).then(above).when(below < 0).then(below).otherwise(above * 0.0)
    known = above.is_not_null() & below.is_not_null()
    # Adding 0 turns -0.0 into 0.0.
    return pl.when(known).then(ratio_or(outside, pl.col("atr_14_abs"), 0.0).clip(-3, 3) + 0.0)


def _quality() -> pl.Expr:
    """Body over range x volume ratio (at most 2) / 2 of a bar that breaks out, else 0."""
    body = ratio_or((_CLOSE - pl.col("open")).abs(), pl.col("bar_range"), 0.0)
    quality = body * pl.col("volume_ma_ratio").clip(0, 2) / 2
    return (
        pl.when(pl.col("breakout_thrust") == 0)
        .then(quality * 0.0)
        .when(pl.col("breakout_thrust").is_not_null())
        .then(quality)
    )


def _band(name: str, sign: int) -> Feature:
    return recipe_feature(
        name,
        (pl.col("sma_20") + sign * 2 * pl.col("close_deviation_20")) / _CLOSE - 1,
        f"(SMA_20 {'+' if sign > 0 else '-'} 2*std0(C, 20))/C_0 - 1",
        unit="fraction",
        window="20 m1",
    )


WORKING = (
    WorkingColumn("bar_range", Grid.M1, _HIGH - _LOW),
    WorkingColumn("highest_20", Grid.M1, _HIGH.rolling_max(_BARS, min_samples=_LEAST)),
    WorkingColumn("lowest_20", Grid.M1, _LOW.rolling_min(_BARS, min_samples=_LEAST)),
    WorkingColumn("range_20", Grid.M1, pl.col("highest_20") - pl.col("lowest_20")),
    WorkingColumn("range_20_mean", Grid.M1, rolling_mean(pl.col("range_20"), _RANGE_BARS)),
    WorkingColumn("is_narrowest", Grid.M1, _narrowest()),
    WorkingColumn("high_before", Grid.M1, pl.col("highest_20").shift(1)),
    WorkingColumn("low_before", Grid.M1, pl.col("lowest_20").shift(1)),
)

FEATURES = (
    recipe_feature(
        "compression",
        1 - ratio_or(pl.col("range_20"), pl.col("range_20_mean"), 1.0).clip(0, 2) / 2,
        "1 - clip(R/mean(R, 100), 0, 2)/2, R the range of 20 minutes",
        unit="0..1",
        window="120 m1",
        inputs=BAR_INPUTS[:2],
        null_rule="NW, Z=0.5",
        bounds=(0, 1),
    ),
    recipe_feature(
        "nr7_dens",
        rolling_mean(pl.col("is_narrowest"), _BARS),
        "share of the last 20 bars whose range is strictly the smallest of its last 7",
        unit="0..1",
        window="26 m1",
        inputs=BAR_INPUTS[:2],
        bounds=(0, 1),
    ),
    recipe_feature(
        "compress_rank",
        1 - share_at_most(pl.col("range_20"), _RANGE_BARS),
        "1 - share of the last 100 ranges of 20 minutes that are at most the current one",
        unit="0..1",
        window="120 m1",
        inputs=BAR_INPUTS[:2],
        bounds=(0, 1),
    ),
    recipe_feature(
        "pullback",
        ratio_or(pl.col("highest_20") - _CLOSE, pl.col("range_20"), 0.0),
        "(HH20 - C_0)/(HH20 - LL20)",
        unit="0..1",
        window="20 m1",
        inputs=BAR_INPUTS,
        null_rule="NW, Z=0",
        bounds=(0, 1),
    ),
    recipe_feature(
        "ignition_score",
        60 * pl.col("breakout_thrust").abs().clip(0, 1) + 40 * pl.col("volume_ma_ratio").clip(0, 3) / 3,
        "100*(0.6*clip(abs(thrust), 0, 1) + 0.4*clip(V_0/mean(V_1..V_20), 0, 3)/3)",
        unit="0..100",
        window="21 m1",
        inputs=(*BAR_INPUTS, *VOLUME_INPUTS),
        bounds=(0, 100),
    ),
    recipe_feature(
        "breakout_thrust",
        _thrust(),
        "close beyond the high (low) of the 20 bars before, in ATR, clipped to 3; 0 inside",
        unit="-3..3",
        window="21 m1",
        inputs=BAR_INPUTS,
        null_rule="NW, Z=0",
        bounds=(-3, 3),
    ),
    recipe_feature(
        "breakout_qual",
        _quality(),
        "0 without a thrust, else abs(C_0 - O_0)/(H_0 - L_0) * clip(V_0/mean(V_1..V_20), 0, 2)/2",
        unit="0..1",
        window="21 m1",
        inputs=("candles_1m.open", *BAR_INPUTS, *VOLUME_INPUTS),
        null_rule="NW, Z=0",
        bounds=(0, 1),
    ),
    _band("bb_upper", 1),
    _band("bb_lower", -1),
    recipe_feature(
        "bb_width",
        4 * pl.col("close_deviation_20") / pl.col("sma_20"),
        "4*std0(C, 20)/SMA_20 on one-minute bars",
        unit="fraction",
        window="20 m1",
        inputs=CLOSE_INPUTS,
        bounds=(0, None),
    ),
)
