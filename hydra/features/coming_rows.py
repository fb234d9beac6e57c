"""Rows of one input that are stored before they become known, as those of a replay are."""

from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import polars as pl

from hydra.features.lateness import integers

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class ComingRows:
    """Rows read before they are known; none is handed out before its known_at or its time."""

    def __init__(self, rows: pl.DataFrame, moment: str) -> None:
        """rows: any order, with known_at. moment: the column that says when a row was true."""
        known = rows.select(pl.max_horizontal("known_at", moment)).to_series()
        order = known.arg_sort()
        self._rows = rows[order]
        self._known_us = integers(known.gather(order))
        self._next = 0

    def take(self, as_of: datetime) -> pl.DataFrame:
        """What became known by `as_of` and was not handed out yet."""
        begin = self._next
        beyond = np.searchsorted(self._known_us, (as_of - _EPOCH) // _MICROSECOND, side="right")
        self._next = max(begin, int(beyond))
        return self._rows[begin : self._next]
