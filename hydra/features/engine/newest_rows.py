"""For each decision the newest row of its pair among those known by then."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hydra.arrays import Integers
from hydra.features.engine.lateness import integers, run_ends
from hydra.features.engine.layout import NO_ROW


@dataclass(frozen=True)
class AskedInstants:
    """The decisions by pair: their indices, and their instants (microseconds since 1970)."""

    count: int
    of_pairs: dict[int, tuple[Integers, Integers]]

    @classmethod
    def of(cls, decisions: pl.DataFrame) -> "AskedInstants":
        """decisions: columns instrument_id and time, any order."""
        instruments, time_us = decisions["instrument_id"].to_numpy(), integers(decisions["time"])
        places = {int(one): np.flatnonzero(instruments == one) for one in np.unique(instruments)}
        return cls(len(time_us), {one: (own, time_us[own]) for one, own in places.items()})


def newest_rows(events: pl.DataFrame, asked: AskedInstants) -> Integers:
    """For each decision the index of the row with the latest event, of those known then; NO_ROW for none.

    events: instrument_id, time of the event, known_at; sorted by instrument. No row is used before its event.
    """
    found = np.full(asked.count, NO_ROW, np.int64)
    if events.is_empty():
        return found
    instruments = events["instrument_id"].to_numpy()
    event_us = integers(events["time"])
    seen_us = np.maximum(integers(events["known_at"]), event_us)
    ends = run_ends(instruments) + 1
    for begin, beyond in zip(np.append(0, ends[:-1]).tolist(), ends.tolist(), strict=True):
        if int(instruments[begin]) in asked.of_pairs:
            places, at_us = asked.of_pairs[int(instruments[begin])]
            own = _newest(event_us[begin:beyond], seen_us[begin:beyond], at_us)
            found[places] = np.where(own == NO_ROW, NO_ROW, begin + own)
    return found


def _newest(event_us: Integers, seen_us: Integers, at_us: Integers) -> Integers:
    """`newest_rows` of one pair that has at least one row."""
    if (seen_us[1:] >= seen_us[:-1]).all() and (event_us[1:] >= event_us[:-1]).all():
        in_order: Integers = np.searchsorted(seen_us, at_us, "right") - 1
        return in_order
    order = np.lexsort((event_us, seen_us))
    latest_us = np.maximum.accumulate(event_us[order])
    holders = np.maximum.accumulate(np.where(event_us[order] == latest_us, np.arange(len(order)), 0))
    last_seen = np.searchsorted(seen_us[order], at_us, "right") - 1
    newest: Integers = np.where(last_seen < 0, NO_ROW, order[holders[last_seen]])
    return newest
