"""Up to which close every pair's candle is there."""

from collections.abc import Iterable
from typing import Final

from hydra.exchange.sequences import NumberSequence

MINUTE_US: Final = 60_000_000


def through(minutes: NumberSequence) -> int | None:
    """The close (microseconds) up to which no candle of one pair is missing; None: there is none yet.

    The numbers are minutes since 1970. A missing one holds until it has come or is given up (`settle`).
    """
    if minutes.newest is None:
        return None
    first_missing = minutes.missing[0].first if minutes.missing else minutes.newest + 1
    return first_missing * MINUTE_US


def candles_through(pairs: Iterable[NumberSequence]) -> int | None:
    """The close up to which every pair's candles are there; None: some pair has none yet."""
    ends = [through(minutes) for minutes in pairs]
    known = [end for end in ends if end is not None]
    return min(known) if known and len(known) == len(ends) else None
