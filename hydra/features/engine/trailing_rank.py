"""How many of the previous values are at most the current one, over a month of five-minute rows."""

from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Floats, Integers
from hydra.features.engine.layout import first_rows, gather
from hydra.features.engine.plan import GridPlan

# The last bits of a rolling deviation depend on where its window began. Prices on a grid of ticks often make
# equal values, and whether two values tie must not depend on those bits.
_SIGNIFICANT_DIGITS: Final = 10

# Counting one row by scanning its window costs about as much as this many rows of the rolling rank.
_SCAN_COST: Final = 100
_VALUE: Final = pl.col("value")


def previous_ranks(values: pl.Series, begins: Integers, window: int, rows: Integers) -> pl.DataFrame:
    """For each of `rows`: month_not_above and month_samples.

    values: Float64 with nulls; begins: the first row of each segment of them. Counts go over the `window`
    values of the segment before the row; month_not_above is null where the row is null or NO_ROW. Values that
    agree in ten significant digits are equal. Few rows are counted one by one, many by a rolling rank.
    """
    value = values.round_sig_figs(_SIGNIFICANT_DIGITS).cast(pl.Float64)
    if len(rows) * _SCAN_COST > len(values):
        return gather(_rolling(window).run(value.alias("value").to_frame(), begins), rows)
    return _scanned(value.fill_null(np.nan).to_numpy(), first_rows(begins, rows), window, rows)


def _rolling(window: int) -> GridPlan:
    # The rank includes the row itself, hence window + 1.
    rank = _VALUE.rolling_rank(window + 1, method="max", min_samples=1) - 1
    samples = _VALUE.is_not_null().cast(pl.Int64).rolling_sum(window, min_samples=1).shift(1, fill_value=0)
    columns = (rank.cast(pl.Int64).alias("month_not_above"), samples.alias("month_samples"))
    return GridPlan(("value",), (columns,), ("month_not_above", "month_samples"))


def _scanned(numbers: Floats, first: Integers, window: int, rows: Integers) -> pl.DataFrame:
    not_above: list[int | None] = [None] * len(rows)
    samples: list[int | None] = [None] * len(rows)
    for place, row in enumerate(rows.tolist()):
        if row >= 0:
            before = numbers[max(first[place], row - window) : row]
            samples[place] = len(before) - int(np.isnan(before).sum())
            if not np.isnan(numbers[row]):
                not_above[place] = int((before <= numbers[row]).sum())
    counts = {"month_not_above": not_above, "month_samples": samples}
    return pl.DataFrame(counts, schema=dict.fromkeys(counts, pl.Int64))
