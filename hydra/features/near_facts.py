"""The part of a facts frame that some decision can reach."""

from typing import Final

import numpy as np
import polars as pl

from hydra.errors import BadDataError
from hydra.features.facts import MarketFacts
from hydra.features.lateness import EVENT_FRAMES, MINUTE_US, Instants, integers

_KEY: Final = ("instrument_id", "time")


def near_facts(
    facts: MarketFacts, name: str, instants: Instants, lookback_us: int, columns: tuple[str, ...]
) -> pl.DataFrame:
    """instrument_id, time and `columns` of the frame `name`, cut to the decisions' instruments and times.

    From the first decision less `lookback_us` to a minute after the last, still in order.

    Raises:
        BadDataError: the frame is not sorted by instrument and time, or a key of a gridded fact repeats.
    """
    frame: pl.DataFrame = getattr(facts, name).select(*dict.fromkeys((*_KEY, *columns)))
    instrument, time_us = frame["instrument_id"].to_numpy(), integers(frame["time"])
    first = int(instants.time_us.min()) - lookback_us
    last = int(instants.time_us.max()) + MINUTE_US
    runs = []
    for one in instants.instruments.astype(instrument.dtype):
        begin, end = np.searchsorted(instrument, one, "left"), np.searchsorted(instrument, one, "right")
        own = time_us[begin:end]
        runs.append(
            (begin + np.searchsorted(own, first, "left"), begin + np.searchsorted(own, last, "right"))
        )
    near = _joined(frame, runs)
    _check_order(name, near)
    return near


def _joined(frame: pl.DataFrame, runs: list[tuple[int, int]]) -> pl.DataFrame:
    """The row ranges one after another; without a copy where they are one range."""
    ranges: list[tuple[int, int]] = []
    for begin, end in runs:
        if ranges and ranges[-1][1] == begin:
            ranges[-1] = (ranges[-1][0], end)
        elif end > begin:
            ranges.append((begin, end))
    if not ranges:
        return frame.clear()
    return pl.concat([frame.slice(begin, end - begin) for begin, end in ranges], rechunk=True)


def _check_order(name: str, frame: pl.DataFrame) -> None:
    instrument, time_us = frame["instrument_id"].to_numpy(), integers(frame["time"])
    before, after = time_us[:-1], time_us[1:]
    back = after < before if name in EVENT_FRAMES else after <= before
    same = instrument[1:] == instrument[:-1]
    wrong = (instrument[1:] < instrument[:-1]) | (same & back)
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise BadDataError(
            f"facts frame {name} is not in order at {frame['time'][row]} of instrument "
            f"{frame['instrument_id'][row]}: sort it by instrument_id and time, one row a key"
        )
