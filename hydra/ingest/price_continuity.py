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
TOUCHING: Final = 1.01
"""How many times away a bar may begin that goes on with the one before."""
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

    stored: ranges of some hours (time: their begin) in which the market has prices already, in and around the
    range of the file.

    Rows that follow each other without a jump form a strand; a strand that was left for some rows is taken
    up again. Of the strands that come as near as any to stored prices, those fit whose rows there mostly keep
    the limit; all others are odd. Where nothing is stored within 30 days, the longest strand fits.
    """
    too_wide: Flags = offered.high - offered.low > np.log(WIDEST_BAR)
    kept = np.flatnonzero(~too_wide)
    if not len(kept):
        return too_wide
    inside = offered.at(kept) if too_wide.any() else offered
    starts = _starts(inside)
    if len(starts) > MOST_JUMPS:
        return np.ones(len(too_wide), np.bool_)
    strands = _strands(inside, starts)
    good = _good_strands(strands, inside, stored)
    is_odd = too_wide.copy()
    is_odd[kept] = ~np.isin(strands, good)
    return is_odd


def goes_on(before: Ranges, offered: Ranges) -> bool:
    """Whether the first of `offered` follows the one bar `before` within an hour and touches it: two pairs
    never do."""
    distance = offered.time[0] - before.time[0]
    gap = _gaps(before, offered.at(slice(0, 1)))[0]
    return bool(0 < distance <= HOUR_US and gap <= np.log(TOUCHING))


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
    """The strands that lie nearest to stored prices and fit them; where none lies near, the longest one."""
    numbers, sizes = np.unique(strands, return_counts=True)
    distance, is_far = _against_stored(rows, stored)
    nearness = np.searchsorted(_REACH, distance)
    nearest = nearness.min()
    if nearest == len(_REACH):
        longest: Integers = numbers[[np.argmax(sizes)]]
        return longest
    speaks = nearness == nearest
    shares = [is_far[speaks & (strands == number)] for number in numbers]
    return np.array([n for n, far in zip(numbers, shares, strict=True) if _fit(far)], np.int64)


def _fit(is_far: Flags) -> bool:
    """Whether most of the rows that speak for a strand fit; none speaks: no."""
    return len(is_far) > 0 and bool(is_far.mean() <= 0.5)  # noqa: PLR2004 - most of them


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
