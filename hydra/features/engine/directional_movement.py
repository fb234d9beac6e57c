"""Wilder's directional movement as TA-Lib computes it, on any grid of bars."""

from typing import Final

import polars as pl

from hydra.features.expressions import least_present, true_range
from hydra.features.facts import Grid
from hydra.features.feature import WorkingColumn

ADX_BARS: Final = 14
_FIRST_INDEX: Final = 2 * ADX_BARS - 1
WARM_UP_BARS: Final = 150


def _directional_movement(prefix: str, up: pl.Expr, down: pl.Expr) -> pl.Expr:
    """`up` where it is positive and the larger of the two, else 0; null where a bar is missing."""
    larger = pl.when((up > down) & (up > 0)).then(up).otherwise(0.0)
    return pl.when(pl.col(f"{prefix}true_range").is_not_null()).then(larger)


def _wilder_mean(prefix: str, value: pl.Expr, first: int, seed: pl.Expr) -> pl.Expr:
    """Wilder smoothing in TA-Lib's form: `seed` at movement number `first`, alpha 1/14 afterwards.

    Missing bars are skipped.
    """
    number = pl.col(f"{prefix}movement_number")
    present = pl.col(f"{prefix}true_range").is_not_null()
    seeded = pl.when(present & (number == first)).then(seed).when(present & (number > first)).then(value)
    return seeded.ewm_mean(alpha=1 / ADX_BARS, adjust=False, ignore_nulls=True)


def _smoothed_movement(prefix: str, column: str) -> pl.Expr:
    """TA-Lib sums the first 13 movements and goes on with sum - sum/14 + x; here divided by 14."""
    value = pl.col(f"{prefix}{column}")
    return _wilder_mean(prefix, value, ADX_BARS - 1, value.cum_sum() / ADX_BARS)


def _directional_index(prefix: str) -> pl.Expr:
    """DX in 0..100; null where there was no movement at all (TA-Lib then keeps the last ADX)."""
    plus, minus = pl.col(f"{prefix}plus_movement_mean"), pl.col(f"{prefix}minus_movement_mean")
    index = 100 * (plus - minus).abs() / (plus + minus)
    moved = (pl.col(f"{prefix}true_range_mean") > 0) & (plus + minus > 0)
    return pl.when(moved & (pl.col(f"{prefix}movement_number") >= ADX_BARS)).then(index)


def average_directional_index(prefix: str) -> pl.Expr:
    """ADX in 0..100 from the columns of `directional_columns`; null before 150 bars, 5% may be missing."""
    value = pl.col(f"{prefix}directional_index")
    seed = value.fill_null(0.0).cum_sum() / ADX_BARS
    smoothed = _wilder_mean(prefix, value, _FIRST_INDEX, seed).forward_fill()
    present = (
        pl.col(f"{prefix}true_range").is_not_null().cast(pl.Int64).rolling_sum(WARM_UP_BARS, min_samples=1)
    )
    return pl.when(present >= least_present(WARM_UP_BARS)).then(smoothed)


_UP = pl.col("high") - pl.col("high").shift(1)
_DOWN = pl.col("low").shift(1) - pl.col("low")


def directional_columns(prefix: str, grid: Grid) -> tuple[WorkingColumn, ...]:
    """The steps of ADX on the bars of `grid`, each name with `prefix`."""
    steps = {
        "true_range": true_range(),
        "movement_number": pl.col(f"{prefix}true_range").is_not_null().cast(pl.Int64).cum_sum(),
        "plus_movement": _directional_movement(prefix, _UP, _DOWN),
        "minus_movement": _directional_movement(prefix, _DOWN, _UP),
        "true_range_mean": _smoothed_movement(prefix, "true_range"),
        "plus_movement_mean": _smoothed_movement(prefix, "plus_movement"),
        "minus_movement_mean": _smoothed_movement(prefix, "minus_movement"),
        "directional_index": _directional_index(prefix),
    }
    return tuple(WorkingColumn(f"{prefix}{name}", grid, expression) for name, expression in steps.items())
