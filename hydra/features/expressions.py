"""The few shapes that most features are made of, with the null and zero rules of features.md section 0."""

import math
from datetime import timedelta

import polars as pl

from hydra.features.feature import Grid, WorkingColumn

MINUTES_PER_YEAR = 365 * 24 * 60
FIVE_MINUTES_PER_YEAR = 365 * 24 * 12
ZERO_DEVIATION = 1e-12
_MISSING_ALLOWED_PCT = 5


def least_present(rows: int) -> int:
    """How many of `rows` must be there: at most 5% of a window may be missing (null code NW)."""
    return math.ceil(rows * (100 - _MISSING_ALLOWED_PCT) / 100)


def rolling_mean(value: pl.Expr, rows: int) -> pl.Expr:
    """Mean of the last `rows` rows including the current one; null code NW."""
    return value.rolling_mean(rows, min_samples=least_present(rows))


def rolling_deviation(value: pl.Expr, rows: int, ddof: int) -> pl.Expr:
    """Standard deviation of the last `rows` rows; ddof 1 is std1, ddof 0 is std0; null code NW."""
    return value.rolling_std(rows, min_samples=least_present(rows), ddof=ddof)


def price_change(price: str, rows: int) -> pl.Expr:
    """price / price `rows` rows earlier - 1; null code NW: both ends and 95% of the bars of the window.

    Needs the working column `bars_so_far` (count of present bars) on the same grid.
    """
    count = pl.col("bars_so_far")
    present = count - count.shift(rows, fill_value=0)
    change = pl.col(price) / pl.col(price).shift(rows) - 1
    return pl.when(present >= least_present(rows)).then(change)


def bars_so_far(price: str) -> pl.Expr:
    """How many bars up to and including this row are present: the difference of two rows is a count."""
    return pl.col(price).is_not_null().cast(pl.Int32).cum_sum()


def z_score(value: pl.Expr, mean: pl.Expr, deviation: pl.Expr) -> pl.Expr:
    """(value - mean) / deviation, 0 where the window has zero variance (Z=0, C113); null if one is null."""
    flat = deviation <= ZERO_DEVIATION * mean.abs()
    # The product is 0 for a value and null for none.
    return pl.when(flat).then(value * 0.0).otherwise((value - mean) / deviation)


def z_window(name: str, grid: Grid, value: pl.Expr, rows: int) -> tuple[WorkingColumn, WorkingColumn]:
    """`name`_mean and `name`_deviation (ddof 1, NW) of the last `rows` of `value`, for z_score_of.

    z(x; rows) takes the value itself, zp(x; rows) the value shifted by one row.
    """
    return (
        WorkingColumn(f"{name}_mean", grid, rolling_mean(value, rows)),
        WorkingColumn(f"{name}_deviation", grid, rolling_deviation(value, rows, ddof=1)),
    )


def z_score_of(value: pl.Expr, name: str) -> pl.Expr:
    """The z-score of `value` in the window `name` of z_window; Z=0."""
    return z_score(value, pl.col(f"{name}_mean"), pl.col(f"{name}_deviation"))


def true_range() -> pl.Expr:
    """max(H-L, |H-C_prev|, |L-C_prev|), null where the bar or the one before is missing."""
    close_before = pl.col("close").shift(1)
    widest = pl.max_horizontal(
        pl.col("high") - pl.col("low"),
        (pl.col("high") - close_before).abs(),
        (pl.col("low") - close_before).abs(),
    )
    return pl.when(pl.col("close").is_not_null() & close_before.is_not_null()).then(widest)


def no_older_than(value: str, time: str, age: pl.Expr | timedelta) -> pl.Expr:
    """`value` unless the fact's `time` lies more than `age` before the decision (null code NL)."""
    return pl.when(pl.col("time") - pl.col(time) <= age).then(pl.col(value))
