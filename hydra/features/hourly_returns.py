"""One-minute returns by whole clock hour: what the hour grid is made of."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.features.lateness import MINUTE_US, integers
from hydra.features.layout import Integers

_Floats = NDArray[np.float64]
_Flags = NDArray[np.bool_]
_HOUR_MINUTES = 60


def hourly_returns(candles: pl.DataFrame) -> pl.DataFrame:
    """Per instrument and clock hour with candles: the deviation and the number of its one-minute returns.

    candles: instrument_id, time (bar open), close; sorted. A return belongs to the hour in which its bar
    opens and needs the bar exactly one minute earlier. Columns: instrument_id, position (hours since
    1970), return_deviation (ddof 1), return_count.
    """
    instrument, minute = integers(candles["instrument_id"]), integers(candles["time"]) // MINUTE_US
    close = candles["close"].to_numpy()
    change = np.zeros(len(close))
    change[1:] = close[1:] / close[:-1] - 1
    known = np.isfinite(change)
    known[:1] = False
    known[1:] &= (np.diff(instrument) == 0) & (np.diff(minute) == 1)
    change[~known] = 0.0
    hour = minute // _HOUR_MINUTES
    new = np.ones(len(hour), dtype=bool)
    new[1:] = (np.diff(hour) != 0) | (np.diff(instrument) != 0)
    first = np.flatnonzero(new)
    count = np.add.reduceat(known.astype(np.int64), first) if len(first) else first
    return pl.DataFrame(
        {
            "instrument_id": instrument[first],
            "position": hour[first],
            "return_deviation": _deviations(change, known, new, first, count),
            "return_count": count,
        }
    )


def _deviations(change: _Floats, known: _Flags, new: _Flags, first: Integers, count: Integers) -> _Floats:
    """ddof 1 deviation of the known changes of each group; 0 where there are fewer than two."""
    if not len(first):
        return np.zeros(0)
    mean = np.add.reduceat(change, first) / np.maximum(count, 1)
    squares = np.where(known, (change - mean[np.cumsum(new) - 1]) ** 2, 0.0)
    return np.sqrt(np.add.reduceat(squares, first) / np.maximum(count - 1, 1))
