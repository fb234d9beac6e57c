"""The facts of the running decisions, in memory and updated minute by minute.

Reading a month of facts for every decision would take most of a second. A window reads them once, and then
only new facts. Its content equals a fresh read at the same instant.
Source: docs/architecture.md, "Budgets" (frames kept in memory from the anchor); docs/architecture.md, law 3.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.arrays import TIME
from hydra.db.arrow import end_read
from hydra.db.arrow_connection import ArrowConnection
from hydra.durations import EPOCH, FIVE_MINUTES
from hydra.errors import StopError
from hydra.features.facts import LAYER_SOURCES, MarketFacts, empty_frame
from hydra.features.reading.anchor import anchor
from hydra.features.reading.fact_reader import count_imports, read_known, read_whole_buckets
from hydra.features.reading.five_minute_bars import bars_as_of
from hydra.features.reading.point_in_time import shown_frames
from hydra.features.reading.row_buffer import RowBuffer

COMMIT_DELAY: Final = timedelta(minutes=2)
"""How long after its known_at a fact may still be committed and yet be found by the next advance."""

_BAR_FACTS: Final = ("candles_1m", "candles_5m")


class MarketWindow:
    """The facts from the anchor of the current decision to the decision itself, for some instruments.

    A fact whose transaction commits up to COMMIT_DELAY after its known_at is found by the next advance.
    An import, whose facts have an old known_at, makes the next advance read everything again. Not
    safe for use by several threads at once.
    """

    def __init__(self, connection: ArrowConnection, instrument_ids: Sequence[int], as_of: datetime) -> None:
        """Read everything that a decision at `as_of` (UTC) depends on; `load` is the same by name."""
        self._connection = connection
        self._instrument_ids = tuple(instrument_ids)
        self._shown: dict[str, pl.DataFrame] = {}
        self._read_all(as_of)

    @classmethod
    def load(
        cls, connection: ArrowConnection, instrument_ids: Sequence[int], as_of: datetime
    ) -> "MarketWindow":
        """A window over `instrument_ids` at `as_of` (UTC).

        Raises:
            StopError: `as_of` has no time zone.
            DatabaseError: the server cannot answer.
        """
        return cls(connection, instrument_ids, as_of)

    @property
    def as_of(self) -> datetime:
        """The instant of the window's content."""
        return self._as_of

    @property
    def facts(self) -> MarketFacts:
        """The facts known at `as_of`, as `read_facts` with start = as_of would give them.

        If nothing new arrived for a fact, the same frame object is returned: callers can cache on identity.
        """
        rows = {name: held.frame() for name, held in self._held.items()}
        shown = shown_frames({**rows, "candles_5m": self._bars.frame()}, self._as_of)
        for name, frame in shown.items():
            before = self._shown.get(name)
            if before is None or not (before is frame or before.equals(frame)):
                self._shown[name] = frame
        return MarketFacts(**self._shown)

    def advance(self, as_of: datetime, imports: int | None = None) -> MarketFacts:
        """Move to `as_of` and return the facts known then. Reads only what became known since.

        imports: the number of imports so far, if the caller has just counted them.

        Raises:
            StopError: `as_of` lies before the instant at which the window stands.
            DatabaseError: the server cannot answer; the window stays where it was.
        """
        if as_of < self._as_of:
            raise StopError(f"a window only moves forward: it is at {self._as_of}, asked for {as_of}")
        if imports is None:
            imports = count_imports(self._connection)
        if imports != self._imports:
            self._read_all(as_of)
        else:
            self._read_news(as_of)
        return self.facts

    def _read_all(self, as_of: datetime) -> None:
        starts = anchor(as_of)
        imports = count_imports(self._connection)
        rows = read_known(self._connection, self._instrument_ids, starts, EPOCH, as_of)
        whole = read_whole_buckets(self._connection, self._instrument_ids, starts["candles_5m"], as_of)
        end_read(self._connection)
        self._held = {
            name: RowBuffer(rows[name], self._instrument_ids, source.key, source.latest)
            for name, source in LAYER_SOURCES.items()
        }
        bars = bars_as_of(whole, rows["candles_1m"], rows["candles_5m"], as_of)
        self._bars = RowBuffer(bars, self._instrument_ids, ("time",), None)
        self._starts, self._imports, self._as_of = starts, imports, as_of

    def _read_news(self, as_of: datetime) -> None:
        starts = anchor(as_of)
        since = self._as_of - COMMIT_DELAY
        news = read_known(self._connection, self._instrument_ids, starts, since, as_of)
        end_read(self._connection)
        self._forget_before(starts)
        for name, rows in news.items():
            self._held[name].merge(rows)
        self._rebuild_bars(news, as_of)
        self._as_of = as_of

    def _rebuild_bars(self, news: dict[str, pl.DataFrame], as_of: datetime) -> None:
        """Recompute the bars of every bucket that got a row or has ended since the last read."""
        ended_since = self._as_of - FIVE_MINUTES
        times = pl.concat([news[name]["time"] for name in _BAR_FACTS])
        if _bucket(as_of) == _bucket(self._as_of) and _is_none_before(times, _bucket(as_of)):
            return  # all rows belong to the open bucket
        opens = times.dt.truncate("5m").unique()
        earliest = min([ended_since, *opens.to_list()])
        bucket = pl.col("time").dt.truncate("5m")
        touched = bucket.is_in(opens.implode()) | (bucket > pl.lit(ended_since, dtype=TIME))
        minutes, recorded = (
            self._held[name].since(earliest - FIVE_MINUTES).filter(touched) for name in _BAR_FACTS
        )
        no_rollup = empty_frame("candles_5m")
        self._bars.merge(bars_as_of(no_rollup, minutes, recorded, as_of))

    def _forget_before(self, starts: dict[str, datetime]) -> None:
        for name, start in starts.items():
            if start != self._starts[name]:
                self._held[name].forget_before(start)
                if name == "candles_5m":
                    self._bars.forget_before(start)
        self._starts = starts


def _bucket(instant: datetime) -> datetime:
    """The open of the five minutes that hold `instant`."""
    return instant - (instant - EPOCH) % FIVE_MINUTES


def _is_none_before(times: pl.Series, start: datetime) -> bool:
    earliest = times.min()
    return not isinstance(earliest, datetime) or earliest >= start
