"""How many of the previous values are at most the current one, over a month of five-minute rows."""

import numpy as np
import polars as pl

from hydra.features.layout import Integers, gather

# A rolling deviation ends in other last bits wherever its window began. Prices on a grid of ticks make equal
# values often, and whether two of them tie must not hang on those bits.
_SIGNIFICANT_DIGITS = 10

# Ranking a row by scanning its window costs about this many times a row of the running rank.
_SCAN_COST = 12


def previous_ranks(values: pl.Series, window: int, rows: Integers) -> pl.DataFrame:
    """For each of `rows`: month_not_above and month_samples.

    values: Float64 with nulls. Counts go over the `window` values before the row; month_not_above is
    null where the row is null or NO_ROW. Values that agree in ten significant digits are equal. Few rows are
    counted one by one, many by a running rank: the counts are the same whole numbers.
    """
    values = values.round_sig_figs(_SIGNIFICANT_DIGITS)
    distinct = np.unique(rows[rows >= 0])
    if len(distinct) * _SCAN_COST < len(values):
        return _scanned(values, window, rows, distinct)
    rank = pl.col("value").rolling_rank(window + 1, method="max", min_samples=1)
    present = pl.col("value").is_not_null().cast(pl.Int64)
    every = values.alias("value").to_frame()
    ranked = every.select(
        month_not_above=rank.cast(pl.Int64) - 1,
        month_samples=present.rolling_sum(window + 1, min_samples=1) - present,
    )
    return gather(ranked, rows)


def _scanned(values: pl.Series, window: int, rows: Integers, distinct: Integers) -> pl.DataFrame:
    numbers = values.cast(pl.Float64).fill_null(np.nan).to_numpy()
    counts = np.zeros((len(distinct), 2), dtype=np.int64)
    for place, row in enumerate(distinct):
        before = numbers[max(0, row - window) : row]
        counts[place] = (before <= numbers[row]).sum(), len(before) - np.isnan(before).sum()
    known = pl.Series(~np.isnan(numbers[distinct]))
    ranked = pl.DataFrame(counts, schema={"month_not_above": pl.Int64, "month_samples": pl.Int64})
    ranked = ranked.with_columns(pl.when(known).then(pl.col("month_not_above")))
    position = np.where(rows >= 0, np.searchsorted(distinct, rows), rows)
    return gather(ranked, position)
