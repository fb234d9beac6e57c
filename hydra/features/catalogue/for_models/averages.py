"""Exponential averages of minutes, and features made from them (recipe, sequence)."""

from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import BAR_INPUTS, recipe_feature
from hydra.features.engine.directional_movement import (
    WARM_UP_BARS,
    average_directional_index,
    directional_columns,
)
from hydra.features.expressions import ZERO_DEVIATION, after_warm_up, exponential_mean
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_WARM_UPS: Final = 5
_CHANNEL_BARS: Final = 10
_WAVE_BARS: Final = 21
_WAVE_SCALE: Final = 0.015
_FULL_HTF: Final = 0.02
_EMA_BARS: Final = (5, 8, 12, 20, 21, 26, 34)
_CLOSE, _TYPICAL = pl.col("close"), pl.col("typical_price")


def _price_average(bars: int, grid: Grid, name: str, price: str) -> WorkingColumn:
    """EMA of a price, usable after five times its length (docs/features.md, "Conventions")."""
    return WorkingColumn(
        name, grid, after_warm_up(exponential_mean(pl.col(price), bars), price, _WARM_UPS * bars)
    )


def _average(bars: int) -> Feature:
    return recipe_feature(
        f"ema_{bars}",
        pl.col(f"ema_price_{bars}") / _CLOSE - 1,
        f"EMA_{bars}/C_0 - 1",
        unit="fraction",
        window=f"{_WARM_UPS * bars} m1",
        bounds=(-1, None),
    )


def _difference(fast: int, slow: int) -> Feature:
    return recipe_feature(
        f"ema_diff_{fast}_{slow}",
        (pl.col(f"ema_price_{fast}") - pl.col(f"ema_price_{slow}")) / _CLOSE,
        f"(EMA_{fast} - EMA_{slow})/C_0",
        unit="fraction",
        window=f"{_WARM_UPS * slow} m1",
    )


def _channel_index() -> pl.Expr:
    """(ap - ESA)/(0.015 D); 0 if D is zero (C113)."""
    deviation = pl.col("wave_deviation")
    flat = deviation <= ZERO_DEVIATION * _TYPICAL
    distance = _TYPICAL - pl.col("wave_average")
    return pl.when(flat).then(distance * 0.0).otherwise(distance / (_WAVE_SCALE * deviation))


WORKING = (
    *(_price_average(bars, Grid.M1, f"ema_price_{bars}", "close") for bars in _EMA_BARS),
    *directional_columns("m1_", Grid.M1),
    WorkingColumn("wave_average", Grid.M1, exponential_mean(_TYPICAL, _CHANNEL_BARS)),
    WorkingColumn(
        "wave_deviation", Grid.M1, exponential_mean((_TYPICAL - pl.col("wave_average")).abs(), _CHANNEL_BARS)
    ),
    WorkingColumn("wave_channel_index", Grid.M1, _channel_index()),
    _price_average(20, Grid.HOUR, "hour_ema_20", "hour_close"),
    _price_average(50, Grid.HOUR, "hour_ema_50", "hour_close"),
)

FEATURES = (
    _average(5),
    _average(21),
    _average(8),
    _average(34),
    _difference(5, 21),
    _difference(8, 34),
    recipe_feature(
        "adx",
        average_directional_index("m1_"),
        "average directional index over 14 minutes, seeded and smoothed as TA-Lib does",
        unit="0..100",
        window=f"{WARM_UP_BARS} m1 warm-up",
        inputs=BAR_INPUTS,
        bounds=(0, 100),
    ),
    recipe_feature(
        "htf",
        ((pl.col("hour_ema_20") / pl.col("hour_ema_50") - 1) / _FULL_HTF).clip(-1, 1),
        "clip((EMA_20/EMA_50 - 1)/0.02, -1, 1) on closes of whole clock hours",
        unit="-1..1",
        window="250 h1",
        grid=Grid.HOUR,
        bounds=(-1, 1),
    ),
    recipe_feature(
        "wave_trend",
        after_warm_up(
            exponential_mean(pl.col("wave_channel_index"), _WAVE_BARS),
            "typical_price",
            _WARM_UPS * _WAVE_BARS,
        ),
        "WT1 = EMA_21 of (ap - ESA)/(0.015 D), ap = (H+L+C)/3, ESA = EMA_10(ap), D = EMA_10(abs(ap - ESA))",
        unit="-",
        window="105 m1",
        inputs=BAR_INPUTS,
        null_rule="NW, Z=0",
        sources="docs/features.md, Conventions (Wave Trend)",
    ),
)
