"""Candles of REST: of any interval, the running one last, from the one-minute rows that are kept."""

import math
from typing import Any, Final

import numpy as np

from hydra.arrays import Floats, Integers
from hydra.durations import DAY_MS, HOUR_MS, MINUTE_MS
from hydra.sim.exchange.past import Found
from hydra.sim.exchange.running_candle import kline_values

_UNITS_MS: Final = {"m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
INTERVALS: Final = {
    text: int(text[:-1]) * _UNITS_MS[text[-1]]
    for text in ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "3d")
}
KLINE_VALUES: Final = (
    "open",
    "high",
    "low",
    "close",
    "volume",
    "quote_volume",
    "taker_buy_volume",
    "taker_buy_quote_volume",
)
"""The numbers of a candle in the order of `kline_values`."""
_SUMS: Final = ("volume", "quote_volume", "trade_count", "taker_buy_volume", "taker_buy_quote_volume")


def grouped(rows: Found, interval_ms: int) -> tuple[Integers, dict[str, Floats]]:
    """Rows of a minute as rows of an interval: opens, and open, high, low, close and sums."""
    opens = rows.times - rows.times % interval_ms
    if len(opens) == 0:
        return opens, {name: values for name, values in rows.columns.items()}
    firsts = np.flatnonzero(np.append(True, np.diff(opens) > 0))
    lasts = np.append(firsts[1:], len(opens)) - 1
    columns = rows.columns
    values = {
        "open": columns["open"][firsts],
        "high": np.maximum.reduceat(columns["high"], firsts),
        "low": np.minimum.reduceat(columns["low"], firsts),
        "close": columns["close"][lasts],
    }
    values |= {name: np.add.reduceat(columns[name], firsts) for name in _SUMS if name in columns}
    return opens[firsts], values


def kline_rows(
    found: tuple[Integers, dict[str, Floats]], interval_ms: int, digits: tuple[int, int]
) -> list[list[Any]]:
    """[open time, o, h, l, c, volume, close time, quote volume, trades, bought, bought value, "0"].

    None: it is not recorded.
    """
    opens, columns = found
    zeros = np.zeros(len(opens))
    numbers = zip(*(columns.get(name, zeros).tolist() for name in KLINE_VALUES), strict=True)
    counts = columns.get("trade_count", zeros).tolist()
    rows = []
    for time_ms, count, values in zip(opens.tolist(), counts, numbers, strict=True):
        o, h, low, c, v, q, bought, bought_quote = kline_values(values, *digits)
        trades = None if math.isnan(count) else int(count)
        close_ms = time_ms + interval_ms - 1
        rows.append([time_ms, o, h, low, c, v, close_ms, q, trades, bought, bought_quote, "0"])
    return rows
