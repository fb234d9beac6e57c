"""Steps of the sequence model that are not features already; they are scaled in its window."""

from typing import Final

import polars as pl

from hydra.features.catalogue.for_models.recipe_feature import BAR_INPUTS, VALUE_INPUTS, recipe_feature
from hydra.features.expressions import ZERO_DEVIATION, rolling_deviation
from hydra.features.feature import WorkingColumn

_BARS: Final = 20


def _band_position() -> pl.Expr:
    """(C - lower)/(upper - lower) of the band SMA_20 +- 2*std0, clipped to [-1, 2]; Z=0.5 (C113)."""
    width, middle = pl.col("close_deviation_20"), pl.col("sma_20")
    distance = pl.col("close") - middle
    inside = (0.5 + distance / (4 * width)).clip(-1, 2)
    return pl.when(width <= ZERO_DEVIATION * middle).then(0.5 + distance * 0.0).otherwise(inside)


WORKING: tuple[WorkingColumn, ...] = ()

_PRICE = "price"

FEATURES = (
    recipe_feature(
        "last_open",
        pl.col("open"),
        "open of the last bar",
        unit=_PRICE,
        inputs=("candles_1m.open",),
        bounds=(0, None),
    ),
    recipe_feature(
        "last_high",
        pl.col("high"),
        "high of the last bar",
        unit=_PRICE,
        inputs=BAR_INPUTS[:1],
        bounds=(0, None),
    ),
    recipe_feature(
        "last_low",
        pl.col("low"),
        "low of the last bar",
        unit=_PRICE,
        inputs=BAR_INPUTS[1:2],
        bounds=(0, None),
    ),
    recipe_feature(
        "log_traded_value",
        (1 + pl.col("minute_traded_value")).log(),
        "ln(1 + quote volume) of the last bar",
        unit="ln USDT",
        inputs=VALUE_INPUTS,
        bounds=(0, None),
        sources="C128",
    ),
    recipe_feature("log_return", (1 + pl.col("return_1m")).log(), "ln(C_0/C_1)"),
    recipe_feature(
        "log_return_deviation",
        rolling_deviation(pl.col("log_return"), _BARS, ddof=1),
        "std1 of log_return over 20 bars, per bar",
        window="20 m1",
        bounds=(0, None),
    ),
    recipe_feature(
        "macd_norm",
        (pl.col("ema_price_12") - pl.col("ema_price_26")) / pl.col("close") * 100,
        "(EMA_12 - EMA_26)/C_0 x 100",
        unit="percent",
        window="130 m1",
    ),
    recipe_feature(
        "bb_position",
        _band_position(),
        "place of the close in the band SMA_20 +- 2*std0, clipped to -1..2",
        unit="0..1 inside",
        window="20 m1",
        null_rule="NW, Z=0.5",
        bounds=(-1, 2),
    ),
)
