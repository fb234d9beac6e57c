"""Prices that cannot be: rows that jump away from their neighbours in the file and from those stored.

Neighbouring bars of one market touch, because each opens where the last one closed, in a crash too: on
2025-10-10 some pairs lost two thirds of their price in minutes, bar by bar. So the measure is the gap between
the ranges of two bars, not the move inside one, and a limit of four times within an hour lets all recorded
markets pass. Over a hole more may happen: DOGE rose eleven times within a day in 2021. A change of a token's
unit (1 : 1000) looks like an error and is held back until the user accepts it.

Pure rules: arrays in, a mask out. Source: docs/architecture.md, law 3.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from hydra.arrays import Flags, Floats, Integers
from hydra.durations import HOUR_US

_DAY_US: Final = 24 * HOUR_US
_REACH: Final = np.array([HOUR_US, _DAY_US, 30 * _DAY_US])
_TIMES: Final = np.log(np.array([4.0, 20.0, 200.0, np.inf]))
"""How many times away a price may lie after at most an hour, a day, 30 days; after that anything may be."""
WIDEST_BAR: Final = 10.0
"""How many times its low the high of a bar of an hour or less may be."""
MOST_JUMPS: Final = 1000
"""A file with more jumps than this says nothing about where the price was."""


class Ranges(NamedTuple):
    """Price ranges in the order of time: instants (microseconds), logarithms of lows and highs."""

    time: Integers
    low: Floats
    high: Floats

    def at(self, rows: "npt.NDArray[np.intp] | slice") -> "Ranges":
        """The ranges of some rows."""
        return Ranges(self.time[rows], self.low[rows], self.high[rows])


def ranges_of(rows: pl.DataFrame) -> Ranges:
    """`rows` (time, low, high; sorted by time) as arrays."""
    low, high = (np.log(rows[name].to_numpy()) for name in ("low", "high"))
    return Ranges(rows["time"].to_physical().to_numpy(), low, high)


def odd_rows(offered: Ranges, stored: Ranges) -> Flags:
    """Which of the `offered` rows cannot be prices of the market of the `stored` hours.

    stored: the range of each hour (time: its begin) in which the market has prices already, around the file.

    Rows that follow each other without a jump form a strand; a strand that was left for some rows is taken
    up again. A strand is odd if most of its rows nearest to stored prices lie beyond the limit; where nothing
    is stored within 30 days, every strand is odd but the longest.
    """
    too_wide: Flags = offered.high - offered.low > np.log(WIDEST_BAR)
    kept = np.flatnonzero(~too_wide)
    if not len(kept):
        return too_wide
    inside = offered.at(kept)
    starts = _starts(inside)
    if len(starts) > MOST_JUMPS:
        return np.ones(len(too_wide), np.bool_)
    strands = _strands(inside, starts)
    good = _good_strands(strands, inside, stored)
    is_odd = too_wide.copy()
    is_odd[kept] = ~np.isin(strands, good)
    return is_odd


def _gaps(one: Ranges, other: Ranges) -> Floats:
    """How far apart the ranges of two sets lie, row by row, as a logarithm; 0 where they touch."""
    apart: Floats = np.maximum(np.maximum(one.low - other.high, other.low - one.high), 0.0)
    return apart


def _is_jump(one: Ranges, other: Ranges, distance: Integers) -> Flags:
    jumps: Flags = _gaps(one, other) > _TIMES[np.searchsorted(_REACH, distance)]
    return jumps


def _starts(rows: Ranges) -> "npt.NDArray[np.intp]":
    """The first row of each stretch without a jump."""
    before, after = rows.at(slice(None, -1)), rows.at(slice(1, None))
    jumps = _is_jump(before, after, after.time - before.time)
    return np.flatnonzero(np.concatenate([[True], jumps]))


def _strands(rows: Ranges, starts: "npt.NDArray[np.intp]") -> Integers:
    """The number of the strand of each row: a stretch continues the last strand whose end it can follow."""
    ends = np.append(starts[1:], len(rows.time)) - 1
    last: list[int] = []
    of_row = np.zeros(len(rows.time), np.int64)
    for start, end in zip(starts, ends, strict=True):
        tails = rows.at(np.array(last, np.intp))
        head = rows.at(np.full(len(last), start))
        follows = np.flatnonzero(~_is_jump(tails, head, head.time - tails.time))
        number = int(follows[-1]) if len(follows) else len(last)
        last[number : number + 1] = [int(end)]
        of_row[start : end + 1] = number
    return of_row


def _good_strands(strands: Integers, rows: Ranges, stored: Ranges) -> Integers:
    numbers, sizes = np.unique(strands, return_counts=True)
    distance, is_far = _against_stored(rows, stored)
    nearness = np.searchsorted(_REACH, distance)
    verdicts = [_agrees(nearness[strands == number], is_far[strands == number]) for number in numbers]
    if any(verdict is not None for verdict in verdicts):
        return np.array([n for n, verdict in zip(numbers, verdicts, strict=True) if verdict], np.int64)
    longest: Integers = numbers[[np.argmax(sizes)]]
    return longest


def _agrees(nearness: "npt.NDArray[np.intp]", is_far: Flags) -> bool | None:
    """Whether the rows of a strand that lie nearest to stored prices fit them; None: none lies near."""
    nearest = nearness.min()
    if nearest == len(_REACH):
        return None
    return bool(is_far[nearness == nearest].mean() <= 0.5)  # noqa: PLR2004 - most of them


def _against_stored(rows: Ranges, stored: Ranges) -> tuple[Integers, Flags]:
    """For each row its distance to the nearest stored hour, and whether it fits none of those around it."""
    never = np.full(len(rows.time), np.iinfo(np.int64).max)
    if not len(stored.time):
        return never, np.zeros(len(rows.time), np.bool_)
    place = np.searchsorted(stored.time, rows.time, side="right")
    before, after = np.maximum(place - 1, 0), np.minimum(place, len(stored.time) - 1)
    since = np.where(place > 0, np.maximum(rows.time - stored.time[before] - HOUR_US, 0), never)
    until = np.where(place < len(stored.time), stored.time[after] - rows.time, never)
    reach = _REACH[-1]
    is_far_before = _is_jump(rows, stored.at(before), since)
    # In a hole, a change of unit fits one end of it; in a stored hour only that hour speaks.
    fits = (since <= reach) & ~is_far_before | (until <= reach) & ~_is_jump(rows, stored.at(after), until)
    nearest = np.minimum(since, until)
    return nearest, np.where(since == 0, is_far_before, (nearest <= reach) & ~fits)
