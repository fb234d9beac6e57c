"""Bars of equal length over a stretch of time, and series whose values hold until the next."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from hydra.arrays import Floats
from hydra.durations import EPOCH, MINUTE, MINUTE_SECONDS

_BAR_MINUTES: Final = (1, 2, 3, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 4320, 10080)


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """`bars` bars of `minutes` minutes from `start` on, which is a whole number of bars after 1970, UTC."""

    start: datetime
    minutes: int
    bars: int

    @classmethod
    def over(cls, start: datetime, end: datetime, most: int, fewest_minutes: int = 1) -> "TimeGrid":
        """The finest grid over [start, end] that has about `most` bars or fewer."""
        span = max((end - start) / MINUTE, 1.0)
        fitting = [
            minutes for minutes in _BAR_MINUTES if minutes >= fewest_minutes and span / minutes <= most
        ]
        minutes = fitting[0] if fitting else _BAR_MINUTES[-1]
        length = minutes * MINUTE
        first = EPOCH + (start - EPOCH) // length * length
        return cls(first, minutes, math.floor((end - first) / length) + 1)

    @property
    def start_seconds(self) -> int:
        """The start in seconds since 1970."""
        return int(self.start.timestamp())

    @property
    def bar_seconds(self) -> int:
        """The length of a bar."""
        return self.minutes * MINUTE_SECONDS

    @property
    def edges(self) -> Floats:
        """The starts of all bars and the end of the last, seconds since 1970, (bars + 1,)."""
        return self.start_seconds + self.bar_seconds * np.arange(self.bars + 1, dtype=np.float64)


def last_values(times: Floats, values: Floats, grid: TimeGrid) -> Floats:
    """The value at the end of each bar, (bars,); NaN before the first value.

    times: seconds since 1970, ascending, (n,); values: each holds until the next, (n,).
    """
    return _values_before(times, values, grid.edges[1:])


def largest_values(times: Floats, values: Floats, grid: TimeGrid) -> Floats:
    """The largest value within each bar, the one that holds at its start included, (bars,)."""
    largest = _values_before(times, values, grid.edges[:-1])
    bars = ((times - grid.start_seconds) // grid.bar_seconds).astype(np.intp)
    is_inside = (bars >= 0) & (bars < grid.bars)
    np.fmax.at(largest, bars[is_inside], values[is_inside])
    return largest


def _values_before(times: Floats, values: Floats, instants: Floats) -> Floats:
    """The value that holds just before each instant; NaN where there is none yet."""
    if not len(times):
        return np.full(len(instants), np.nan)
    places = np.searchsorted(times, instants, side="left") - 1
    return np.where(places >= 0, values[np.maximum(places, 0)], np.nan)


def carried(values: Sequence[float | None]) -> list[float | None]:
    """Gaps filled with the last value before them."""
    filled: list[float | None] = []
    for value in values:
        filled.append(filled[-1] if value is None and filled else value)
    return filled
