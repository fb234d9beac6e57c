"""Rows of one input held in memory in the order of (pair, key), into which new rows are merged.

Almost every new row is newer than all that is held. So each pair's rows are kept as a long `body`, copied
only when something falls into it, and a short `recent` part, to which a minute's rows are added.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.features.facts import TIME

_RECENT: Final = timedelta(hours=1)
_RECENT_ROWS: Final = 2048


class HeldRows:
    """Rows of several instruments, unique by (instrument_id, *key), sorted by them.

    key: column names, "time" first. latest: of two rows with one key, the one with the larger value of
    this column stays; None or equal values: the later arrival.
    """

    def __init__(self, rows: pl.DataFrame, key: tuple[str, ...], latest: str | None) -> None:
        self._key = list(key)
        self._order = [*key, latest] if latest else list(key)
        self._none = rows.clear()
        self._parts: dict[int, tuple[pl.DataFrame, pl.DataFrame]] = {}
        self.merge(rows)

    def merge(self, rows: pl.DataFrame) -> None:
        """Take `rows` (any order, any time, repetitions included) in."""
        for instrument_id, new in _by_instrument(rows):
            body, recent = self._parts.get(instrument_id, (self._none, self._none))
            if body.is_empty() or new["time"].min() <= body["time"][-1]:
                self._parts[instrument_id] = self._split(self._ordered(pl.concat([body, recent, new])))
            else:
                self._parts[instrument_id] = self._balanced(body, self._ordered(pl.concat([recent, new])))

    def forget_before(self, start: datetime) -> None:
        """Drop every row whose time lies before `start`."""
        kept = pl.col("time") >= pl.lit(start, dtype=TIME)
        for instrument_id, (body, recent) in self._parts.items():
            self._parts[instrument_id] = self._split(pl.concat([body, recent]).filter(kept))

    def frame(self) -> pl.DataFrame:
        """All rows. The parts are put behind each other without being copied."""
        parts = [part for instrument_id in sorted(self._parts) for part in self._parts[instrument_id]]
        return pl.concat([self._none, *parts], rechunk=False)

    def since(self, start: datetime) -> pl.DataFrame:
        """The rows with time >= `start`, found by search in the sorted parts rather than by a scan."""
        parts = [
            part[part["time"].search_sorted(start) :]
            for instrument_id in sorted(self._parts)
            for part in self._parts[instrument_id]
        ]
        return pl.concat([self._none, *parts], rechunk=False)

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        by_key = rows.sort(self._order, maintain_order=True)
        return by_key.unique(subset=self._key, keep="last", maintain_order=True)

    def _balanced(self, body: pl.DataFrame, recent: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        if recent.height <= _RECENT_ROWS:
            return body, recent
        return self._split(pl.concat([body, recent]))

    def _split(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        if rows.is_empty():
            return rows, rows
        whole = rows.rechunk()
        times = whole["time"]
        cut = int(times.search_sorted(times[-1] - _RECENT))
        return whole[:cut], whole[cut:]


def _by_instrument(rows: pl.DataFrame) -> Iterator[tuple[int, pl.DataFrame]]:
    for (instrument_id,), part in rows.partition_by("instrument_id", as_dict=True).items():
        yield int(instrument_id), part
