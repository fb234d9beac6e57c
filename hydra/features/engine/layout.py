"""Facts laid out as dense rows: a missing grid point is a row of nulls, so row shifts are time shifts.

A hole too long for any window to bridge is not filled: the series is cut into segments there, and the
segments of all instruments lie one after another, each followed by so many rows of nulls that no window
that is read reaches back into another segment. So shifts and rolling windows need no grouping.
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
    """What arrays are compared by: their bytes. A long one equals no other: nobody asks for it twice."""
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
class Layout:
    """Where every grid position has its row.

    source: for each row the index of its fact, NO_ROW where there is none. segment: its segment.
    keys, starts, offsets, lengths: per segment its rank and first position as one key, the first
    position, the first row, the number of rows.
    """

    source: Integers
    segment: Integers
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


@dataclass(frozen=True)
class Separation:
    """What must lie between two segments.

    reach: rows that the longest window looks back. least: rows of nulls that always stand there, at least
    as many as the longest window over prices or amounts has: polars' running sum begins anew in a window
    of nulls, else the rounding of a pair with large numbers would show in one with small numbers.
    """

    reach: int
    least: int


def lay_out(
    rank: Integers,
    position: Integers,
    longest_hole: int,
    between: Separation,
    read: Integers | None = None,
) -> Layout:
    """Lay facts out by their grid position.

    rank (of the instrument), position: per fact, sorted, unique. longest_hole: missing positions that
    are still filled with nulls. read: the positions that will be read, where they are known; None: any.
    """
    new = np.empty(len(position), dtype=bool)
    new[:1] = True
    new[1:] = (np.diff(rank) != 0) | (np.diff(position) > longest_hole + 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(position)) - 1 if len(first) else first
    starts = position[first]
    lengths = position[last] - starts + 1 + _padding(starts, position[last], between, read)
    offsets = np.cumsum(lengths) - lengths
    segment_of_fact = np.cumsum(new) - 1
    source = np.full(int(lengths.sum()), NO_ROW)
    source[offsets[segment_of_fact] + position - starts[segment_of_fact]] = np.arange(len(position))
    return Layout(
        source=source,
        segment=np.repeat(np.arange(len(first)), lengths),
        keys=ranked_keys(rank[first], starts),
        starts=starts,
        offsets=offsets,
        lengths=lengths,
    )


def _padding(starts: Integers, ends: Integers, between: Separation, read: Integers | None) -> Integers:
    """Rows of nulls after each segment: for reads behind its end, and before the first read of the next.

    One decision reads the end of segments that are longer than any window: `least` rows are enough, and
    the rows to compute are half as many.
    """
    if read is None or not len(read):
        return np.full(len(starts), between.reach)
    behind = np.clip(read.max() - ends, between.least, between.reach)
    before_next = np.clip(between.reach - (read.min() - starts[1:]), 0, between.reach)
    padding: Integers = np.maximum(behind, np.append(before_next, 0))
    return padding


def gather(frame: pl.DataFrame, rows: Integers) -> pl.DataFrame:
    """The rows of `frame` by index; a row of nulls for NO_ROW."""
    index = pl.Series(rows).cast(pl.UInt32, strict=False)
    return frame.select(pl.all().gather(index)) if frame.width else frame
