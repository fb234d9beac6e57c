"""Facts laid out as dense rows: a missing grid point is a row of nulls, so row shifts are time shifts.

A hole too long for any window to bridge is not filled: the series is cut into segments there, and the
segments of all instruments lie one after another, each followed by so many rows of nulls that no window
reaches back into another segment. So shifts and rolling windows need no grouping.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Integers = NDArray[np.int64]

# An instrument's rank lies above the bits of a microsecond timestamp (below 2**52 until the year 2112).
_RANK_SHIFT = 52
NO_ROW = -1


@dataclass(frozen=True)
class SortedKeys:
    """Rows sorted by (instrument, value), for searches within an instrument."""

    instruments: Integers
    keys: Integers

    @classmethod
    def of(cls, instrument: Integers, value: Integers) -> "SortedKeys":
        """instrument, value: one each per row, sorted; value >= 0 and below 2**52."""
        instruments = np.unique(instrument)
        return cls(instruments, (np.searchsorted(instruments, instrument) << _RANK_SHIFT) + value)

    def _first(self, instrument: Integers, value: Integers, side: str) -> Integers:
        rank = np.searchsorted(self.instruments, instrument)
        return np.searchsorted(self.keys, (rank << _RANK_SHIFT) + value, side=side)  # type: ignore[call-overload, no-any-return]

    def count_up_to(self, instrument: Integers, value: Integers) -> Integers:
        """Index after the last row with a value <= `value`: rows before it are earlier or equal."""
        return self._first(instrument, value, "right")

    def count_before(self, instrument: Integers, value: Integers) -> Integers:
        """Index of the first row with a value >= `value`."""
        return self._first(instrument, value, "left")

    def last_up_to(self, instrument: Integers, value: Integers) -> Integers:
        """Index of the instrument's last row with a value <= `value`; NO_ROW if it has none."""
        found = self.count_up_to(instrument, value)
        rank = np.searchsorted(self.instruments, instrument)
        known = np.isin(instrument, self.instruments)
        first = np.searchsorted(self.keys, rank << _RANK_SHIFT)
        return np.where(known & (found > first), found - 1, NO_ROW)


@dataclass(frozen=True)
class Layout:
    """Where every grid position has its row.

    source: for each row the index of its fact, NO_ROW where there is none. segment: its segment.
    starts, offsets, lengths: per segment the first position, the first row, the number of rows.
    """

    source: Integers
    segment: Integers
    segments: SortedKeys
    segment_instruments: Integers
    starts: Integers
    offsets: Integers
    lengths: Integers

    def rows_of(self, instrument: Integers, position: Integers) -> Integers:
        """The row of each (instrument, position); NO_ROW where no window could reach a fact."""
        if not len(self.starts):
            return np.full(len(position), NO_ROW)
        index = np.maximum(self.segments.count_up_to(instrument, position) - 1, 0)
        beyond = position - self.starts[index]
        inside = (self.segment_instruments[index] == instrument) & (beyond >= 0)
        inside &= beyond < self.lengths[index]
        return np.where(inside, self.offsets[index] + beyond, NO_ROW)


def lay_out(instrument: Integers, position: Integers, longest_hole: int, padding: int) -> Layout:
    """Lay facts out by their grid position.

    instrument, position: per fact, sorted, unique. longest_hole: missing positions that are still filled
    with nulls. padding: rows of nulls after each segment, at least the reach of the longest window.
    """
    new = np.empty(len(position), dtype=bool)
    new[:1] = True
    new[1:] = (np.diff(instrument) != 0) | (np.diff(position) > longest_hole + 1)
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(position)) - 1 if len(first) else first
    starts = position[first]
    lengths = position[last] - starts + 1 + padding
    offsets = np.cumsum(lengths) - lengths
    segment_of_fact = np.cumsum(new) - 1
    source = np.full(int(lengths.sum()), NO_ROW)
    source[offsets[segment_of_fact] + position - starts[segment_of_fact]] = np.arange(len(position))
    owners = instrument[first]
    return Layout(
        source=source,
        segment=np.repeat(np.arange(len(first)), lengths),
        segments=SortedKeys.of(owners, starts),
        segment_instruments=owners,
        starts=starts,
        offsets=offsets,
        lengths=lengths,
    )


def gather(frame: pl.DataFrame, rows: Integers) -> pl.DataFrame:
    """The rows of `frame` by index; a row of nulls for NO_ROW."""
    index = pl.Series(rows).cast(pl.UInt32, strict=False)
    return frame.select(pl.all().gather(index)) if frame.width else frame
