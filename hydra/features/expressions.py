"""The expressions that most features are built from, with the null and zero rules of docs/features.md."""

import math
from datetime import timedelta

import polars as pl

from hydra.features.facts import Grid
from hydra.features.feature import WorkingColumn

ZERO_DEVIATION = 1e-12
_MISSING_ALLOWED_PCT = 5


def least_present(rows: int) -> int:
    """How many of `rows` must be present: at most 5% of a window may be missing (null code NW)."""
    return math.ceil(rows * (100 - _MISSING_ALLOWED_PCT) / 100)


def rolling_mean(value: pl.Expr, rows: int) -> pl.Expr:
    """Mean of the last `rows` rows including the current one; null code NW."""
    return value.rolling_mean(rows, min_samples=least_present(rows))


def rolling_deviation(value: pl.Expr, rows: int, ddof: int) -> pl.Expr:
    """Standard deviation of the last `rows` rows; ddof 1 is std1, ddof 0 is std0; null code NW."""
    return value.rolling_std(rows, min_samples=least_present(rows), ddof=ddof)


def price_change(price: str, rows: int, counter: str = "bars_so_far") -> pl.Expr:
    """price / price `rows` rows earlier - 1; null code NW: both ends and 95% of the bars of the window.

    counter: the working column on the same grid that counts the present bars (see `bars_so_far`).
    """
    count = pl.col(counter)
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


def rolling_sum(value: pl.Expr, rows: int) -> pl.Expr:
    """Sum of the last `rows` rows including the current one; null code NW."""
    return value.rolling_sum(rows, min_samples=least_present(rows))


def share_at_most(value: pl.Expr, rows: int) -> pl.Expr:
    """pr(x; rows): share of the last `rows` values, the current one included, that are <= it; NW."""
    rank = value.rolling_rank(rows, method="max", min_samples=1)
    present = value.is_not_null().cast(pl.Int32).rolling_sum(rows, min_samples=1)
    return pl.when(value.is_not_null() & (present >= least_present(rows))).then(rank / present)


def exponential_mean(value: pl.Expr, rows: int) -> pl.Expr:
    """EMA of TA-Lib's form: alpha 2/(rows+1), seeded with the mean of the first `rows` present values.

    Null before the seed and where the value is null; missing rows are skipped.
    """
    number = value.is_not_null().cast(pl.Int32).cum_sum()
    seed = value.cum_sum() / rows
    present = value.is_not_null()
    seeded = pl.when(present & (number == rows)).then(seed).when(present & (number > rows)).then(value)
    return seeded.ewm_mean(span=rows, adjust=False, ignore_nulls=True)


def after_warm_up(value: pl.Expr, watched: str, rows: int) -> pl.Expr:
    """`value` where the current row and 95% of the last `rows` of the column `watched` are present."""
    present = pl.col(watched).is_not_null()
    count = present.cast(pl.Int32).rolling_sum(rows, min_samples=1)
    return pl.when(present & (count >= least_present(rows))).then(value)


def correlation_parts(one: pl.Expr, other: pl.Expr, rows: int) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Covariance, variance of `one` and of `other` (ddof 0) over rows where both are present; NW."""
    both = one.is_not_null() & other.is_not_null()
    x, y = pl.when(both).then(one), pl.when(both).then(other)
    mean_x, mean_y = rolling_mean(x, rows), rolling_mean(y, rows)
    return (
        rolling_mean(x * y, rows) - mean_x * mean_y,
        rolling_mean(x * x, rows) - mean_x * mean_x,
        rolling_mean(y * y, rows) - mean_y * mean_y,
    )


def traded_value() -> pl.Expr:
    """Quote volume of a bar; if the source has none, volume at the bar's typical price (C128)."""
    typical = (pl.col("high") + pl.col("low") + pl.col("close")) / 3
    return pl.coalesce(pl.col("quote_volume"), pl.col("volume") * typical)


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
