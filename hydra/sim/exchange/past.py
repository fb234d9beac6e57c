"""What the exchange keeps for REST: the facts by table and pair, as arrays that grow."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from hydra.arrays import Flags, Floats, Integers
from hydra.durations import MINUTE_MS
from hydra.sim.market.frames import MarketSlice

_MS: Final = 1_000
_FIRST_CAPACITY: Final = 1_024


TABLES: Final[dict[str, tuple[str, ...]]] = {
    "candles_1m": (
        "open",
        "high",
        "low",
        "close",
        "volume",
        "quote_volume",
        "trade_count",
        "taker_buy_volume",
        "taker_buy_quote_volume",
    ),
    "mark_prices": ("open", "high", "low", "close", "timeframe_minutes"),
    "funding_rates": ("rate", "mark_price", "interval_hours"),
    "open_interest": ("contracts", "value_usd"),
    "positioning": (
        "long_short_ratio",
        "top_account_long_short_ratio",
        "top_position_long_short_ratio",
        "taker_buy_sell_ratio",
    ),
    "trades": ("trade_id", "price", "quantity", "buyer_is_maker"),
    "liquidations": ("price", "quantity", "side"),
    "premium_index": ("index_price", "predicted_rate"),
}
"""Table -> the columns that are kept, as floats."""
_AVAILABLE_AFTER_MS: Final = {"candles_1m": MINUTE_MS, "mark_prices": MINUTE_MS, "positioning": MINUTE_MS}
"""How long after a row's time the exchange has it: a bar when it has closed, ratios a minute later."""

Array = npt.NDArray[np.float64]


class Found(NamedTuple):
    """Rows of one table and pair, oldest first: times in milliseconds, and the columns."""

    times: Integers
    columns: dict[str, Floats]

    def __len__(self) -> int:
        return len(self.times)

    def where(self, chosen: Flags) -> "Found":
        """The chosen rows."""
        return Found(self.times[chosen], {name: values[chosen] for name, values in self.columns.items()})


class Rows:
    """The rows of one table and pair, in the order of time."""

    def __init__(self, columns: tuple[str, ...], available_after_ms: int) -> None:
        self._columns = columns
        self._available_after_ms = available_after_ms
        self._times = np.empty(_FIRST_CAPACITY, dtype=np.int64)
        self._values = np.empty((len(columns), _FIRST_CAPACITY))
        self._count = 0

    def add(self, times: Integers, values: Floats) -> None:
        """Append rows that are later than all before. values: (columns, rows)."""
        needed = self._count + len(times)
        if needed > len(self._times):
            room = max(needed, 2 * len(self._times)) - self._count
            self._times = np.concatenate([self._times[: self._count], np.empty(room, dtype=np.int64)])
            kept = self._values[:, : self._count]
            self._values = np.concatenate([kept, np.empty((len(self._columns), room))], axis=1)
        self._times[self._count : needed] = times
        self._values[:, self._count : needed] = values
        self._count = needed

    def forget_before(self, instant_ms: int) -> None:
        """Drop what is older, once that is more than half."""
        first = int(np.searchsorted(self._times[: self._count], instant_ms))
        if first * 2 > self._count:
            self._times = self._times[first : self._count].copy()
            self._values = self._values[:, first : self._count].copy()
            self._count -= first

    def between(self, start_ms: int | None, end_ms: int | None, now_ms: int) -> Found:
        """The rows with start <= time <= end that are available at `now_ms`."""
        times = self._times[: self._count]
        beyond = int(np.searchsorted(times, now_ms - self._available_after_ms, side="right"))
        if end_ms is not None:
            beyond = min(beyond, int(np.searchsorted(times, end_ms, side="right")))
        first = 0 if start_ms is None else int(np.searchsorted(times, start_ms))
        return self._rows(first, max(first, beyond))

    def from_value(self, column: str, value: float, limit: int, now_ms: int) -> Found:
        """At most `limit` rows from the first whose rising `column` is not below `value`."""
        rising = self._values[self._columns.index(column), : self._count]
        first = int(np.searchsorted(rising, value))
        beyond = int(np.searchsorted(self._times[: self._count], now_ms, side="right"))
        return self._rows(first, max(first, min(beyond, first + limit)))

    def newest(self, now_ms: int) -> Found:
        """The newest available row, or none."""
        beyond = int(
            np.searchsorted(self._times[: self._count], now_ms - self._available_after_ms, side="right")
        )
        return self._rows(max(0, beyond - 1), beyond)

    def _rows(self, first: int, beyond: int) -> Found:
        columns = {name: self._values[place, first:beyond] for place, name in enumerate(self._columns)}
        return Found(self._times[first:beyond], columns)


def limited(found: Found, limit: int, *, oldest: bool) -> Found:
    """The oldest or the newest `limit` rows."""
    part = slice(0, limit) if oldest else slice(max(0, len(found) - limit), None)
    return Found(found.times[part], {name: values[part] for name, values in found.columns.items()})


def minute_bars(marks: Found) -> Found:
    """Those of the mark bars that are a minute long."""
    return marks.where(marks.columns["timeframe_minutes"] == 1)


class Past:
    """Every table of every pair. A piece may be added before its time: reads name the present."""

    def __init__(self, pairs: int) -> None:
        self._rows = {
            name: [Rows(columns, _AVAILABLE_AFTER_MS.get(name, 0)) for _ in range(pairs)]
            for name, columns in TABLES.items()
        }

    def table(self, name: str, pair: int) -> Rows:
        """The rows of a table and pair (place, from 0)."""
        return self._rows[name][pair]

    def add(self, piece: MarketSlice) -> None:
        """Keep the facts of a stretch."""
        for name, columns in TABLES.items():
            for pair, (times, values) in by_pair(getattr(piece, name), columns).items():
                self._rows[name][pair].add(times, values)

    def forget_trades_before(self, instant_ms: int) -> None:
        """Drop older trades: they are most of what is kept."""
        for rows in self._rows["trades"]:
            rows.forget_before(instant_ms)


def by_pair(frame: pl.DataFrame, columns: tuple[str, ...]) -> Mapping[int, tuple[Integers, Floats]]:
    """Times in milliseconds and (columns, rows) of each pair (place, from 0) in a frame sorted by pair."""
    if frame.is_empty():
        return {}
    ids = frame["instrument_id"].to_numpy()
    times = frame["time"].to_physical().to_numpy() // _MS
    values = np.stack([_floats(frame[name]) for name in columns]) if columns else np.empty((0, len(ids)))
    bounds = np.flatnonzero(np.diff(ids)) + 1
    firsts = [0, *bounds.tolist()]
    beyonds = [*bounds.tolist(), len(ids)]
    return {
        int(ids[first]) - 1: (times[first:beyond], values[:, first:beyond])
        for first, beyond in zip(firsts, beyonds, strict=True)
    }


def _floats(column: pl.Series) -> Array:
    if column.dtype == pl.String:
        column = column == "LONG"
    return column.cast(pl.Float64).to_numpy()
