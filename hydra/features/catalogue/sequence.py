"""Steps of the sequence model that no other feature gives (features.md section 3); scaled in its window."""

from typing import Final

import polars as pl

from hydra.features.catalogue.recipe_feature import BAR, CLOSE, VALUE
from hydra.features.expressions import ZERO_DEVIATION, rolling_deviation
from hydra.features.feature import Feature, Grid, WorkingColumn

_BARS: Final = 20


def _step(
    name: str,
    number: str,
    expression: pl.Expr,
    description: str,
    unit: str,
    inputs: tuple[str, ...] = CLOSE,
    window: str = "1 m1",
    bounds: tuple[float | None, float | None] = (None, None),
    null_rule: str = "NW",
) -> Feature:
    return Feature(
        name=name,
        unit=unit,
        window=window,
        inputs=inputs,
        null_rule=null_rule,
        pit="B",
        grid=Grid.M1,
        source=f"features.md section 3 #{number}",
        description=description,
        expression=expression,
        lowest=bounds[0],
        highest=bounds[1],
    )


def _band_position() -> pl.Expr:
    """(C - lower)/(upper - lower) of the band SMA_20 +- 2*std0, clipped to [-1, 2]; Z=0.5 (C113)."""
    width, middle = pl.col("close_deviation_20"), pl.col("sma_20")
    distance = pl.col("close") - middle
    inside = (0.5 + distance / (4 * width)).clip(-1, 2)
    return pl.when(width <= ZERO_DEVIATION * middle).then(0.5 + distance * 0.0).otherwise(inside)


WORKING: tuple[WorkingColumn, ...] = ()

FEATURES = (
    _step(
        "last_open", "1", pl.col("open"), "open of the last bar", "price", ("candles_1m.open",), bounds=(0, None)
    ),
    _step("last_high", "2", pl.col("high"), "high of the last bar", "price", BAR[:1], bounds=(0, None)),
    _step("last_low", "3", pl.col("low"), "low of the last bar", "price", BAR[1:2], bounds=(0, None)),
    _step(
        "log_traded_value",
        "5",
        (1 + pl.col("minute_traded_value")).log(),
        "ln(1 + quote volume) of the last bar (C128)",
        "ln USDT",
        VALUE,
        bounds=(0, None),
    ),
    _step("log_return", "6", (1 + pl.col("return_1m")).log(), "ln(C_0/C_1)", "fraction"),
    _step(
        "log_return_deviation",
        "7",
        rolling_deviation(pl.col("log_return"), _BARS, ddof=1),
        "std1 of log_return over 20 bars, per bar",
        "fraction",
        window="20 m1",
        bounds=(0, None),
    ),
    _step(
        "macd_norm",
        "13",
        (pl.col("ema_price_12") - pl.col("ema_price_26")) / pl.col("close") * 100,
        "(EMA_12 - EMA_26)/C_0 x 100",
        "percent",
        window="130 m1",
    ),
    _step(
        "bb_position",
        "14",
        _band_position(),
        "place of the close in the band SMA_20 +- 2*std0, clipped to -1..2",
        "0..1 inside",
        window="20 m1",
        bounds=(-1, 2),
        null_rule="NW, Z=0.5",
    ),
)  # fmt: skip
