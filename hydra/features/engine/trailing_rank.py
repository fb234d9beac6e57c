"""How many of the previous values are at most the current one, over a month of five-minute rows."""

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import Integers
from hydra.compiled import compiled_when_needed
from hydra.features.engine.layout import gather

# A rolling deviation ends in other last bits wherever its window began. Prices on a grid of ticks make equal
# values often, and whether two of them tie must not hang on those bits.
_SIGNIFICANT_DIGITS: Final = 10

# Ranking a row by scanning its window costs about this many times a row of the running rank.
_SCAN_COST: Final = 100
_UNKNOWN: Final = -1


def previous_ranks(values: pl.Series, window: int, rows: Integers) -> pl.DataFrame:
    """For each of `rows`: month_not_above and month_samples.

    values: Float64 with nulls. Counts go over the `window` values before the row; month_not_above is
    null where the row is null or NO_ROW. Values that agree in ten significant digits are equal. Few rows are
    counted one by one, many by a running rank: the counts are the same whole numbers.
    """
    numbers = values.round_sig_figs(_SIGNIFICANT_DIGITS).cast(pl.Float64).fill_null(np.nan).to_numpy()
    is_asked = np.zeros(len(numbers), np.bool_)
    is_asked[rows[rows >= 0]] = True
    asked = np.flatnonzero(is_asked)
    if len(asked) * _SCAN_COST <= len(numbers):
        position = np.where(rows >= 0, np.searchsorted(asked, rows), rows)
        return gather(_counted(*_scanned(numbers, window, asked)), position)
    return gather(_counted(*compiled_when_needed(_running)(_codes(numbers), window)), rows)


def _counted(not_above: Integers, samples: Integers) -> pl.DataFrame:
    counts = pl.DataFrame({"month_not_above": not_above, "month_samples": samples})
    is_known = pl.col("month_not_above") != _UNKNOWN
    return counts.with_columns(pl.when(is_known).then(pl.col("month_not_above")))


def _scanned(numbers: NDArray[np.float64], window: int, asked: Integers) -> tuple[Integers, Integers]:
    not_above, samples = np.full(len(asked), _UNKNOWN), np.zeros(len(asked), np.int64)
    for place, row in enumerate(asked):
        before = numbers[max(0, row - window) : row]
        samples[place] = len(before) - np.isnan(before).sum()
        if not np.isnan(numbers[row]):
            not_above[place] = (before <= numbers[row]).sum()
    return not_above, samples


def _codes(numbers: NDArray[np.float64]) -> Integers:
    """The place of each number among all of them, from one on; equal numbers have the same; nan: zero."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    steps = np.append(True, ordered[1:] != ordered[:-1]) & ~np.isnan(ordered)
    codes = np.empty(len(numbers), np.int64)
    codes[order] = np.where(np.isnan(ordered), 0, np.cumsum(steps))
    return codes


def _running(codes: Integers, window: int) -> tuple[Integers, Integers]:
    """Counts of a window by code, as sums of ranges (a Fenwick tree) that grow and shrink with it."""
    size = codes.max() + 1
    sums = np.zeros(size, np.int64)
    not_above, samples = np.full(len(codes), -1), np.zeros(len(codes), np.int64)
    present = 0
    for row in range(len(codes)):
        code = codes[row]
        samples[row] = present
        if code > 0:
            count, place = 0, code
            while place > 0:
                count += sums[place]
                place -= place & -place
            not_above[row] = count
            present += 1
            place = code
            while place < size:
                sums[place] += 1
                place += place & -place
        if row >= window and codes[row - window] > 0:
            present -= 1
            place = codes[row - window]
            while place < size:
                sums[place] -= 1
                place += place & -place
    return not_above, samples
