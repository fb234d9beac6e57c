"""The part of a facts frame that a decision can reach."""

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Integers
from hydra.durations import MINUTE_US
from hydra.errors import BadDataError
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.engine.lateness import DecisionInstants, integers
from hydra.features.engine.layout import as_value
from hydra.features.facts import SOURCES, MarketFacts

_KEY: Final = ("instrument_id", "time")
RowRanges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class NearRows:
    """Row ranges of the facts frame `name`, one after another."""

    name: str
    source: pl.DataFrame
    ranges: RowRanges

    def rows(self, columns: tuple[str, ...]) -> pl.DataFrame:
        """instrument_id, time and `columns` of the rows, not copied, their order not checked."""
        wanted = self.source.select(*dict.fromkeys((*_KEY, *columns)))
        parts = [wanted.slice(begin, end - begin) for begin, end in self.ranges]
        return pl.concat(parts, rechunk=False) if parts else wanted.clear()

    def frame(self, columns: tuple[str, ...]) -> pl.DataFrame:
        """instrument_id, time and `columns` of the rows, in one piece and in order.

        Raises:
            BadDataError: see `check_order`.
        """
        near = self.rows(columns).rechunk()
        check_order(self.name, near)
        return near


def moments(instants: DecisionInstants, *rows: NearRows) -> Hashable:
    """The decisions' instants as one comparable value, for results that depend on events; else empty."""
    return as_value(instants.time_us) if any(near.ranges for near in rows) else b""


def near_rows(
    facts: MarketFacts, name: str, instants: DecisionInstants, lookback_us: int, memory: GridMemory
) -> NearRows:
    """The rows of the frame `name` of the decisions' instruments and times.

    From the first decision less `lookback_us` to a minute after the last.
    """
    first_us = int(instants.time_us.min()) - lookback_us
    last_us = int(instants.time_us.max()) + MINUTE_US
    return rows_between(facts, name, instants.instruments, (first_us, last_us), memory)


def rows_between(
    facts: MarketFacts, name: str, instruments: Integers, span_us: tuple[int, int], memory: GridMemory
) -> NearRows:
    """The rows of the frame `name` of some instruments whose time lies in the closed `span_us`."""
    source = facts.of(name)
    instrument, time_us = memory.keep(("key", name), lambda: _key_of(source), (source,))
    ranges: list[tuple[int, int]] = []
    for one in instruments.astype(instrument.dtype):
        begin, end = np.searchsorted(instrument, one, "left"), np.searchsorted(instrument, one, "right")
        own = time_us[begin:end]
        first = int(begin + np.searchsorted(own, span_us[0], "left"))
        beyond = int(begin + np.searchsorted(own, span_us[1], "right"))
        if ranges and ranges[-1][1] == first:
            ranges[-1] = (ranges[-1][0], beyond)
        elif beyond > first:
            ranges.append((first, beyond))
    return NearRows(name, source, tuple(ranges))


def _key_of(source: pl.DataFrame) -> tuple[Integers, Integers]:
    instrument: Integers = source["instrument_id"].to_numpy()
    return instrument, integers(source["time"])


def check_order(name: str, frame: pl.DataFrame) -> None:
    """Refuse rows out of order.

    Raises:
        BadDataError: they are not sorted by instrument and time, or a key of a gridded fact repeats.
    """
    instrument, time_us = _key_of(frame)
    before, after = time_us[:-1], time_us[1:]
    back = after < before if SOURCES[name].lag is None else after <= before
    same = instrument[1:] == instrument[:-1]
    wrong = (instrument[1:] < instrument[:-1]) | (same & back)
    if wrong.any():
        row = int(np.argmax(wrong)) + 1
        raise BadDataError(
            f"facts frame {name} is not in order at {frame['time'][row]} of instrument "
            f"{frame['instrument_id'][row]}: sort it by instrument_id and time, one row a key"
        )
