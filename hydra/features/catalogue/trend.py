"""Trend on five-minute bars: moving averages and Wilder's directional movement."""

import polars as pl

from hydra.features.expressions import least_present, rolling_mean, true_range
from hydra.features.feature import Feature, Grid, WorkingColumn

_PERIOD = 14
_FIRST_INDEX = 2 * _PERIOD - 1
_WARM_UP_BARS = 150
_SLOPE_BARS = 5
_CLOSE = ("candles_5m.close",)


def _slope(bars: int, number: int) -> Feature:
    average = pl.col(f"m5_sma_{bars}")
    return Feature(
        name=f"m5_sma_{bars}_slope",
        unit="fraction",
        window=f"{bars + _SLOPE_BARS} m5",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source=f"features.md section 2 #{number}; C58",
        description=f"SMA_{bars} now / SMA_{bars} five bars ago - 1, five-minute bars",
        expression=average / average.shift(_SLOPE_BARS) - 1,
        lowest=-1.0,
    )


def _distance(bars: int, number: int) -> Feature:
    return Feature(
        name=f"m5_price_vs_sma_{bars}",
        unit="fraction",
        window=f"{bars} m5",
        inputs=_CLOSE,
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source=f"features.md section 2 #{number}; C58",
        description=f"C_0/SMA_{bars} - 1 on five-minute bars",
        expression=pl.col("close") / pl.col(f"m5_sma_{bars}") - 1,
        lowest=-1.0,
    )


def _directional_movement(up: pl.Expr, down: pl.Expr) -> pl.Expr:
    """`up` where it is positive and the larger of the two, else 0; null where a bar is missing."""
    larger = pl.when((up > down) & (up > 0)).then(up).otherwise(0.0)
    return pl.when(pl.col("true_range").is_not_null()).then(larger)


def _wilder_mean(value: pl.Expr, first: int, seed: pl.Expr) -> pl.Expr:
    """Wilder smoothing in TA-Lib's form: `seed` at movement number `first`, alpha 1/14 afterwards.

    Missing bars are skipped; every segment starts anew.
    """
    number = pl.col("movement_number")
    present = pl.col("true_range").is_not_null()
    seeded = pl.when(present & (number == first)).then(seed).when(present & (number > first)).then(value)
    return seeded.ewm_mean(alpha=1 / _PERIOD, adjust=False, ignore_nulls=True).over("segment")


def _smoothed_movement(column: str) -> pl.Expr:
    """TA-Lib sums the first 13 movements and goes on with sum - sum/14 + x; here divided by 14."""
    value = pl.col(column)
    return _wilder_mean(value, _PERIOD - 1, value.cum_sum().over("segment") / _PERIOD)


def _directional_index() -> pl.Expr:
    """DX in 0..100; null where there was no movement at all (TA-Lib then keeps the last ADX)."""
    plus, minus = pl.col("plus_movement_mean"), pl.col("minus_movement_mean")
    index = 100 * (plus - minus).abs() / (plus + minus)
    moved = (pl.col("true_range_mean") > 0) & (plus + minus > 0)
    return pl.when(moved & (pl.col("movement_number") >= _PERIOD)).then(index)


def _average_directional_index() -> pl.Expr:
    value = pl.col("directional_index")
    seed = value.fill_null(0.0).cum_sum().over("segment") / _PERIOD
    smoothed = _wilder_mean(value, _FIRST_INDEX, seed).forward_fill().over("segment")
    present = pl.col("true_range").is_not_null().cast(pl.Int64).rolling_sum(_WARM_UP_BARS, min_samples=1)
    return pl.when(present >= least_present(_WARM_UP_BARS)).then(smoothed)


_UP = pl.col("high") - pl.col("high").shift(1)
_DOWN = pl.col("low").shift(1) - pl.col("low")

WORKING = (
    WorkingColumn("m5_sma_20", Grid.M5, rolling_mean(pl.col("close"), 20)),
    WorkingColumn("m5_sma_50", Grid.M5, rolling_mean(pl.col("close"), 50)),
    WorkingColumn("true_range", Grid.M5, true_range()),
    WorkingColumn(
        "movement_number",
        Grid.M5,
        pl.col("true_range").is_not_null().cast(pl.Int64).cum_sum().over("segment"),
    ),
    WorkingColumn("plus_movement", Grid.M5, _directional_movement(_UP, _DOWN)),
    WorkingColumn("minus_movement", Grid.M5, _directional_movement(_DOWN, _UP)),
    WorkingColumn("true_range_mean", Grid.M5, _smoothed_movement("true_range")),
    WorkingColumn("plus_movement_mean", Grid.M5, _smoothed_movement("plus_movement")),
    WorkingColumn("minus_movement_mean", Grid.M5, _smoothed_movement("minus_movement")),
    WorkingColumn("directional_index", Grid.M5, _directional_index()),
)

FEATURES = (
    _slope(20, 4),
    _slope(50, 5),
    _distance(20, 6),
    _distance(50, 7),
    Feature(
        name="m5_adx_14",
        unit="0..100",
        window="150 m5 warm-up",
        inputs=("candles_5m.high", "candles_5m.low", "candles_5m.close"),
        null_rule="NW",
        pit="B",
        grid=Grid.M5,
        source="features.md section 2 #8 and conventions (TA-Lib ADX, Wilder)",
        description="average directional index over 14 five-minute bars, seeded and smoothed as TA-Lib does",
        expression=_average_directional_index(),
        lowest=0.0,
        highest=100.0,
    ),
)
