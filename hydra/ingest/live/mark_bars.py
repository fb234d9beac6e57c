"""Mark-price bars of a minute from the mark prices of its seconds."""

from typing import Final, NamedTuple

MINUTE_US: Final = 60_000_000
WIDEST_GAP_US: Final = 1_500_000
"""Prices come every second. A minute that lacks one is not whole: its bar is fetched from the exchange."""


class MarkBar(NamedTuple):
    """The bar of the minute that begins at `time_us`; is_whole: no seconds of it are missing."""

    time_us: int
    open: float
    high: float
    low: float
    close: float
    is_whole: bool


class MarkBars:
    """The bars of one symbol. Prices of one second that come twice, or late, change nothing."""

    __slots__ = ("_close", "_high", "_is_whole", "_last_us", "_low", "_minute_us", "_open")

    def __init__(self) -> None:
        self._minute_us = -1
        self._last_us = -1
        self._open = self._high = self._low = self._close = 0.0
        self._is_whole = False

    def add(self, time_us: int, price: float) -> MarkBar | None:
        """Note a price; the bar that it closes, if it opens a later minute."""
        if time_us <= self._last_us:
            return None
        minute_us = time_us - time_us % MINUTE_US
        if minute_us == self._minute_us:
            self._is_whole = self._is_whole and time_us - self._last_us <= WIDEST_GAP_US
            self._high, self._low = max(self._high, price), min(self._low, price)
            closed = None
        else:
            closed = self._closed(minute_us)
            self._minute_us = minute_us
            self._is_whole = time_us - minute_us <= WIDEST_GAP_US
            self._open = self._high = self._low = price
        self._close, self._last_us = price, time_us
        return closed

    def close_before(self, time_us: int) -> MarkBar | None:
        """The bar of a minute that ended before `time_us`, if no price has closed it."""
        if self._minute_us < 0 or time_us < self._minute_us + MINUTE_US:
            return None
        closed = self._closed(time_us)
        self._minute_us = -1
        return closed

    def _closed(self, _next_us: int) -> MarkBar | None:
        if self._minute_us < 0:
            return None
        is_whole = self._is_whole and self._minute_us + MINUTE_US - self._last_us <= WIDEST_GAP_US
        return MarkBar(self._minute_us, self._open, self._high, self._low, self._close, is_whole)
