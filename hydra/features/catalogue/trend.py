"""Trend on five-minute bars: moving averages and Wilder's directional movement."""

import polars as pl

from hydra.features.engine.directional_movement import average_directional_index, directional_columns
from hydra.features.expressions import rolling_mean
from hydra.features.facts import Grid
from hydra.features.feature import Feature, WorkingColumn

_SLOPE_BARS = 5
_COUNTED_BARS, _LEAST_BARS = 24, 20
_CLOSE = ("candles_5m.close",)
_PRESENT = pl.col("close").is_not_null().cast(pl.Float64).rolling_sum(_COUNTED_BARS, min_samples=1)


def _slope(bars: int) -> Feature:
    average = pl.col(f"m5_sma_{bars}")
    return Feature(
        name=f"m5_sma_{bars}_slope",
        unit="fraction",
        window=f"{bars + _SLOPE_BARS} m5",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; C58",
        description=f"SMA_{bars} now / SMA_{bars} five bars ago - 1, five-minute bars",
        expression=average / average.shift(_SLOPE_BARS) - 1,
        lowest=-1.0,
    )


def _distance(bars: int) -> Feature:
    return Feature(
        name=f"m5_price_vs_sma_{bars}",
        unit="fraction",
        window=f"{bars} m5",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; C58",
        description=f"C_0/SMA_{bars} - 1 on five-minute bars",
        expression=pl.col("close") / pl.col(f"m5_sma_{bars}") - 1,
        lowest=-1.0,
    )


WORKING = (
    WorkingColumn("m5_sma_20", Grid.M5, rolling_mean(pl.col("close"), 20)),
    WorkingColumn("m5_sma_50", Grid.M5, rolling_mean(pl.col("close"), 50)),
    *directional_columns("", Grid.M5),
)

FEATURES = (
    Feature(
        name="m5_candles",
        unit="count",
        window=f"{_COUNTED_BARS} m5",
        inputs=_CLOSE,
        null_rule=f"null with fewer than {_LEAST_BARS}",
        pit="B",
        grid=Grid.M5,
        source='layers document, "Data Health" (at least 20 five-minute candles)',
        description=f"number of five-minute bars that are present, of the last {_COUNTED_BARS}",
        expression=pl.when(_PRESENT >= _LEAST_BARS).then(_PRESENT),
        lowest=float(_LEAST_BARS),
        highest=float(_COUNTED_BARS),
    ),
    _slope(20),
    _slope(50),
    _distance(20),
    _distance(50),
    Feature(
        name="m5_adx_14",
        unit="0..100",
        window="150 m5 warm-up",
        inputs=("candles_5m.high", "candles_5m.low", "candles_5m.close"),
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source="ML document, Regime Classifier; docs/features.md, Conventions (TA-Lib ADX, Wilder)",
        description="average directional index over 14 five-minute bars, seeded and smoothed as TA-Lib does",
        expression=average_directional_index(""),
        lowest=0.0,
        highest=100.0,
    ),
)
