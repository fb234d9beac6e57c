"""Facts that became known late, and the decisions that could not use them yet.

The grids place facts by the clock: a candle is used from its close plus two seconds on. That is right
unless the fact came late. Decisions between the nominal and the real `known_at` of a late fact are
evaluated apart, on the facts known by then. Source: docs/features.md; docs/architecture.md, law 3.
"""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import numpy as np
import polars as pl

from hydra.arrays import Integers
from hydra.durations import MINUTE_US
from hydra.features.engine.grid_memory import GridMemory
from hydra.features.engine.layout import as_value, ranked_keys
from hydra.features.facts import SOURCES, MarketFacts

NOMINAL_LAG_US: Final = {
    name: source.lag // timedelta(microseconds=1)
    for name, source in SOURCES.items()
    if source.lag is not None
}
"""For facts on a grid: microseconds from their `time` until the grids use them."""
_LONGEST_EVENT_LAG_US: Final = MINUTE_US


@dataclass(frozen=True)
class DecisionInstants:
    """The decisions as integers.

    instruments: the distinct instruments, sorted. rank: per decision, its place in `instruments`.
    time_us: per decision, microseconds since 1970.
    """

    instruments: Integers
    rank: Integers
    time_us: Integers

    @classmethod
    def of(cls, decisions: pl.DataFrame) -> "DecisionInstants":
        """decisions: columns instrument_id and time, at least one row."""
        instrument = integers(decisions["instrument_id"])
        instruments = np.unique(instrument)
        return cls(instruments, np.searchsorted(instruments, instrument), integers(decisions["time"]))

    @property
    def places(self) -> tuple[Hashable, Hashable]:
        """Everything but the times, as one comparable value."""
        return as_value(self.instruments), as_value(self.rank)

    def rank_of(self, frame: pl.DataFrame) -> Integers:
        """The rank of each row of a frame that contains only these instruments."""
        return np.searchsorted(self.instruments, integers(frame["instrument_id"]))


def integers(series: pl.Series) -> Integers:
    """An integer or timestamp column as int64 (timestamps: microseconds since 1970)."""
    values: Integers = series.to_physical().to_numpy().astype(np.int64, copy=False)
    return values


def run_ends(instruments: Integers) -> Integers:
    """Index of the last row of each instrument; the rows are sorted by instrument."""
    changes: Integers = np.flatnonzero(instruments[1:] != instruments[:-1])
    return np.append(changes, len(instruments) - 1) if len(instruments) else changes


def newest_known(facts: MarketFacts, name: str, memory: GridMemory) -> dict[int, int]:
    """By instrument of a facts frame the latest known_at, in microseconds since 1970."""
    frame = facts.of(name)
    return memory.keep(("newest known", name), lambda: _newest_known(frame), (frame,))


def _newest_known(frame: pl.DataFrame) -> dict[int, int]:
    if frame.is_empty():
        return {}
    instruments = frame["instrument_id"].to_numpy()
    ends = run_ends(instruments)
    newest = np.maximum.reduceat(integers(frame["known_at"]), np.append(0, ends[:-1] + 1))
    return dict(zip(instruments[ends].tolist(), newest.tolist(), strict=True))


def event_instants(frame: pl.DataFrame) -> Integers:
    """The instant from which the grids use each event: monotone in time within an instrument.

    That is its known_at, unless a later event was known before it or it came more than a minute late.
    """
    known = integers(frame["known_at"])
    keyed = ranked_keys(integers(frame["instrument_id"]), known)
    earliest = np.minimum.accumulate(keyed[::-1])[::-1] - (keyed - known)
    instants: Integers = np.minimum(earliest, integers(frame["time"]) + _LONGEST_EVENT_LAG_US)
    return instants


def _nominal(name: str, frame: pl.DataFrame) -> Integers:
    if name in NOMINAL_LAG_US:
        return integers(frame["time"]) + NOMINAL_LAG_US[name]
    return event_instants(frame)


def _late_facts(
    facts: MarketFacts, names: Sequence[str], first_us: int, last_us: int
) -> tuple[Integers, Integers, Integers]:
    """Instrument, nominal and real known_at of the late facts that some decision could have missed."""
    parts = []
    for name in names:
        frame = facts.of(name)
        if name in NOMINAL_LAG_US:
            lag = pl.duration(microseconds=NOMINAL_LAG_US[name])
            frame = frame.filter(pl.col("known_at") - pl.col("time") > lag)
        nominal, known = _nominal(name, frame), integers(frame["known_at"])
        late = (known > nominal) & (known > first_us) & (nominal <= last_us)
        parts.append((integers(frame["instrument_id"])[late], nominal[late], known[late]))
    instrument, nominal, known = (np.concatenate(part) for part in zip(*parts, strict=True))
    return instrument, nominal, known


def _affected(
    instants: DecisionInstants, instrument: Integers, nominal: Integers, known: Integers, *, of_any_pair: bool
) -> Integers:
    """Indices of the decisions inside [nominal, known) of a late fact of their instrument, or of any."""
    if of_any_pair:
        instrument = np.zeros_like(instrument)
    hit = np.zeros(len(instants.time_us), dtype=bool)
    for one in np.unique(instrument):
        begins, ends = np.sort(nominal[instrument == one]), np.sort(known[instrument == one])
        own = np.flatnonzero(of_any_pair | (instants.instruments[instants.rank] == one))
        times = instants.time_us[own]
        hit[own] = np.searchsorted(begins, times, "right") > np.searchsorted(ends, times, "right")
    return np.flatnonzero(hit)


def late_epochs(
    facts: MarketFacts, instants: DecisionInstants, memory: GridMemory, *, of_any_pair: bool
) -> Iterator[Integers]:
    """Groups of decision indices that missed the same late facts; each is evaluated on the facts known then.

    of_any_pair: the features use other pairs, so a late fact of any pair counts.

    Within a group every late fact is visible to all or to none, so the facts known by its last instant
    are the facts that each of its decisions may see, up to facts that the clock hides anyway.
    """
    if not len(instants.time_us):
        return
    first_us, last_us = int(instants.time_us.min()), int(instants.time_us.max())
    # A live decision is the newest instant: nothing became known after it.
    names = [
        name
        for name in SOURCES
        if any(known > first_us for known in newest_known(facts, name, memory).values())
    ]
    if not names:
        return
    late = _late_facts(facts, names, first_us, last_us)
    affected = _affected(instants, *late, of_any_pair=of_any_pair)
    epoch = np.searchsorted(np.unique(late[2]), instants.time_us[affected], "right")
    for one in np.unique(epoch):
        yield affected[epoch == one]
