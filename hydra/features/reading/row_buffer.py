"""Rows of one input in memory, in the order of (pair, key), into which new rows are merged.

Almost every new row is newer than all stored rows. So each pair's older rows are one long `body`, copied
only when a row must be inserted, and the last hours of all pairs are one short frame, `recent`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import polars as pl

from hydra.durations import EPOCH

_RECENT: Final = timedelta(hours=1)
_RECENT_AT_MOST: Final = timedelta(hours=2)


class RowBuffer:
    """Rows of `instrument_ids`, unique by (instrument_id, *key), sorted by them.

    key: column names, "time" first. latest: of two rows with one key, the one with the larger value of
    this column stays; None or equal values: the later arrival.
    """

    def __init__(
        self, rows: pl.DataFrame, instrument_ids: Sequence[int], key: tuple[str, ...], latest: str | None
    ) -> None:
        self._key = ["instrument_id", *key]
        self._order = [*self._key, latest] if latest else self._key
        self._bodies = {instrument_id: rows.clear() for instrument_id in sorted(instrument_ids)}
        self._cut = EPOCH
        self._recent = rows.clear()
        self._frame: pl.DataFrame | None = None
        self.merge(rows)

    def merge(self, rows: pl.DataFrame) -> None:
        """Merge `rows` (any order, any time, duplicates allowed)."""
        if rows.is_empty():
            return
        self._frame = None
        late = rows["time"] < self._cut
        if late.any():
            self._add_to_bodies(self._ordered(rows.filter(late)))
        self._recent = self._ordered(pl.concat([self._recent, rows.filter(~late)]))
        self._shorten_recent()

    def forget_before(self, start: datetime) -> None:
        """Drop every row whose time lies before `start`."""
        self._frame = None
        for instrument_id, body in self._bodies.items():
            self._bodies[instrument_id] = body[_position(body["time"], start) :]
        self._recent = self._recent.filter(self._recent["time"] >= start)

    def frame(self) -> pl.DataFrame:
        """All rows, concatenated without a copy."""
        if self._frame is None:
            self._frame = self._joined(self._bodies, self._recent)
        return self._frame

    def since(self, start: datetime) -> pl.DataFrame:
        """The rows with time >= `start`; older parts are searched, not scanned."""
        recent = self._recent.filter(self._recent["time"] >= start)
        if start >= self._cut:
            return recent
        bodies = {name: body[_position(body["time"], start) :] for name, body in self._bodies.items()}
        return self._joined(bodies, recent)

    def _joined(self, bodies: dict[int, pl.DataFrame], recent: pl.DataFrame) -> pl.DataFrame:
        ids = recent["instrument_id"].to_numpy()
        parts = [
            part
            for instrument_id, body in bodies.items()
            for part in (
                body,
                recent[ids.searchsorted(instrument_id) : ids.searchsorted(instrument_id, "right")],
            )
        ]
        return pl.concat([part for part in parts if part.height] or parts[:1], rechunk=False)

    def _ordered(self, rows: pl.DataFrame) -> pl.DataFrame:
        by_key = rows.sort(self._order, maintain_order=True)
        return by_key.unique(subset=self._key, keep="last", maintain_order=True)

    def _shorten_recent(self) -> None:
        """If `recent` spans too long, move all but its last hour into the bodies."""
        times = self._recent["time"]
        newest, oldest = times.max(), times.min()
        if not (isinstance(newest, datetime) and isinstance(oldest, datetime)):
            return
        if newest - oldest > _RECENT_AT_MOST:
            self._cut = newest - _RECENT
            older = times < self._cut
            self._add_to_bodies(self._recent.filter(older))
            self._recent = self._recent.filter(~older)

    def _add_to_bodies(self, rows: pl.DataFrame) -> None:
        """Insert `rows`, ordered and unique, into the bodies of their pairs."""
        for (instrument_id,), part in rows.partition_by("instrument_id", as_dict=True).items():
            body = self._bodies[instrument_id]
            grown = pl.concat([body, part], rechunk=True)
            follows = body.is_empty() or part["time"][0] > body["time"][-1]
            self._bodies[instrument_id] = grown if follows else self._ordered(grown)


def _position(times: pl.Series, start: datetime) -> int:
    return int(times.search_sorted(start))
