"""Facts laid out as dense rows: a missing grid point is a row of nulls, so row shifts are time shifts.

A hole that no window can bridge is not filled: the series is split into segments there. The segments of all
instruments are stored one after another, and each is computed separately (`GridPlan.run`).
"""

from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np
import polars as pl

from hydra.arrays import Integers

NO_ROW = -1
# An instrument's rank lies above the bits of a microsecond timestamp (below 2**52 until the year 2112).
_RANK_SHIFT = 52
_LONGEST_COMPARED = 10_000


def as_value(array: Integers) -> Hashable:
    """The bytes of an array, as a value to compare by. A long array equals no other."""
    return array.tobytes() if len(array) <= _LONGEST_COMPARED else object()


def ranked_keys(rank: Integers, value: Integers) -> Integers:
    """One integer that sorts by (rank of the instrument, value); value >= 0 and below 2**52."""
    return (rank << _RANK_SHIFT) + value


def last_up_to(keys: Integers, rank: Integers, value: Integers) -> Integers:
    """For each (rank, value): index of the last of the sorted `keys` of that rank that is <= value.

    NO_ROW where the instrument has none.
    """
    if not len(keys):
        return np.full(len(rank), NO_ROW)
    found = np.searchsorted(keys, ranked_keys(rank, value), side="right") - 1
    return np.where((found >= 0) & (keys[found] >> _RANK_SHIFT == rank), found, NO_ROW)


@dataclass(frozen=True)
class GridLayout:
    """The row of every grid position.

    source: for each row the index of its fact, NO_ROW if none. keys, starts, offsets, lengths: for each
    segment its rank and first position as one key, the first position, the first row, the number of rows.
    """

    source: Integers
    keys: Integers
    starts: Integers
    offsets: Integers
    lengths: Integers

    def rows_of(self, rank: Integers, position: Integers) -> Integers:
        """The row of each (instrument's rank, position); NO_ROW where no window could reach a fact."""
        if not len(self.starts):
            return np.full(len(position), NO_ROW)
        index = last_up_to(self.keys, rank, position)
        beyond = position - self.starts[index]
        inside = (index != NO_ROW) & (beyond < self.lengths[index])
        return np.where(inside, self.offsets[index] + beyond, NO_ROW)


def lay_out(rank: Integers, position: Integers, longest_hole: int, reach: int, last_read: int) -> GridLayout:
    """Lay facts out by their grid position.

    rank (of the instrument), position: per fact, sorted, unique. longest_hole: missing positions that are
    still filled with nulls. reach: rows that the longest window looks back. last_read: the last position that
    will be read; a segment that ends before it is followed by rows of nulls, at most `reach`.
    """
    new = np.empty(len(position), dtype=bool)
    new[:1] = True
    new[1:] = (np.diff(rank) != 0) | (np.diff(position) > longest_hole + 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(position)) - 1 if len(first) else first
    starts = position[first]
    lengths = position[last] - starts + 1 + np.clip(last_read - position[last], 0, reach)
    offsets = np.cumsum(lengths) - lengths
    segment = np.cumsum(new) - 1
    source = np.full(int(lengths.sum()), NO_ROW)
    source[offsets[segment] + position - starts[segment]] = np.arange(len(position))
    return GridLayout(source, ranked_keys(rank[first], starts), starts, offsets, lengths)


def first_rows(begins: Integers, rows: Integers) -> Integers:
    """The first row of the segment of each row. begins: of the segments, in order."""
    found: Integers = (
        begins[np.searchsorted(begins, rows, "right") - 1] if len(begins) else np.zeros_like(rows)
    )
    return found


def gather(frame: pl.DataFrame, rows: Integers) -> pl.DataFrame:
    """The rows of `frame` by index; a row of nulls for NO_ROW."""
    index = pl.Series(rows).cast(pl.UInt32, strict=False)
    return frame.select(pl.all().gather(index)) if frame.width else frame
