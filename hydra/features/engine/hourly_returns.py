"""One-minute returns by whole clock hour: what the hour grid is made of."""

import numpy as np
import polars as pl

from hydra.arrays import Flags, Floats, Integers
from hydra.durations import HOUR_MINUTES, MINUTE_US
from hydra.features.engine.lateness import integers


def hourly_returns(candles: pl.DataFrame) -> pl.DataFrame:
    """Per instrument and clock hour with candles: the deviation and the number of its one-minute returns.

    candles: instrument_id, time (bar open), close; sorted. A return belongs to the hour in which its bar
    opens and needs the bar exactly one minute earlier. Columns: instrument_id, position (hours since
    1970), return_deviation (ddof 1), return_count.
    """
    instrument, time_us = candles["instrument_id"].to_numpy(), integers(candles["time"])
    close = candles["close"].to_numpy()
    change = np.zeros(len(close))
    change[1:] = close[1:] / close[:-1] - 1
    known = np.isfinite(change)
    known[:1] = False
    same = instrument[1:] == instrument[:-1]
    known[1:] &= same & (time_us[1:] - time_us[:-1] == MINUTE_US)
    change[~known] = 0.0
    hour = time_us // (HOUR_MINUTES * MINUTE_US)
    new = np.ones(len(hour), dtype=bool)
    new[1:] = ~same | (hour[1:] != hour[:-1])
    first = np.flatnonzero(new)
    count = np.add.reduceat(known.astype(np.int64), first) if len(first) else first
    return pl.DataFrame(
        {
            "instrument_id": instrument[first],
            "position": hour[first],
            "return_deviation": _deviations(change, known, first, count),
            "return_count": count,
        }
    )


def _deviations(change: Floats, known: Flags, first: Integers, count: Integers) -> Floats:
    """ddof 1 deviation of the known changes of each group; 0 where there are fewer than two."""
    if not len(first):
        return np.zeros(0)
    mean = np.add.reduceat(change, first) / np.maximum(count, 1)
    distance = (change - np.repeat(mean, np.diff(first, append=len(change)))) * known
    return np.sqrt(np.add.reduceat(distance * distance, first) / np.maximum(count - 1, 1))
