"""Hourly closes of all pairs, for the correlation of a new position with the open ones (C119)."""

from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.backtest.market import BacktestMarket
from hydra.durations import HOUR_SECONDS, HOUR_US
from hydra.layers.layer4_correlation import WINDOW_HOURS, hourly_log_returns, pair_correlation


@dataclass(frozen=True)
class HourlyCloses:
    """closes: (pairs, hours), NaN: no candle. known_us: when the whole hour was known."""

    first_hour: int
    closes: NDArray[np.float64]
    known_us: NDArray[np.int64]

    def returns(self, hour: int, as_of: datetime) -> Floats:
        """(pairs, 168): log returns of the hours before `hour`, NaN where one is missing."""
        own = self._window(hour)
        known = np.where(self._is_known(own, as_of), self.closes[:, own], np.nan)
        closes = np.full((len(known), WINDOW_HOURS + 1), np.nan)
        first = max(self.first_hour - (hour - 1 - WINDOW_HOURS), 0)
        closes[:, first : first + known.shape[1]] = known
        return hourly_log_returns(closes)

    def are_final(self, hour: int, as_of: datetime) -> bool:
        """True if all of these returns are known."""
        return bool(self._is_known(self._window(hour), as_of).all())

    def _window(self, hour: int) -> slice:
        end = hour - self.first_hour
        return slice(max(end - 1 - WINDOW_HOURS, 0), max(end, 0))

    def _is_known(self, hours: slice, as_of: datetime) -> NDArray[np.bool_]:
        return self.known_us[:, hours] <= int(as_of.timestamp() * 1e6)


@dataclass
class Correlations:
    """Correlations of pairs, cached for an hour once all of its returns are known."""

    hourly: HourlyCloses
    _hour: int = -1
    _is_final: bool = False
    _returns: Floats = field(default_factory=lambda: np.empty((0, 0)))
    _found: dict[tuple[int, int], float] = field(default_factory=dict)

    def at(self, time: datetime, as_of: datetime, column: int, other: int) -> float:
        """Correlation of two pairs over the last 168 hours (see `pair_correlation`)."""
        hour = int(time.timestamp()) // HOUR_SECONDS
        if hour != self._hour or not self._is_final:
            self._hour, self._is_final = hour, self.hourly.are_final(hour, as_of)
            self._returns = self.hourly.returns(hour, as_of)
            self._found.clear()
        key = min(column, other), max(column, other)
        if key not in self._found:
            self._found[key] = pair_correlation(self._returns[key[0]], self._returns[key[1]])
        return self._found[key]


def hourly_closes(market: BacktestMarket) -> HourlyCloses:
    """The close of every hour's last candle."""
    hours = (
        market.facts.candles_1m.with_columns((pl.col("time").to_physical() // HOUR_US).alias("hour"))
        .group_by("instrument_id", "hour", maintain_order=True)
        .agg(pl.col("close").last(), pl.col("known_at").max().to_physical())
    )
    first, last = int(hours["hour"].min() or 0), int(hours["hour"].max() or 0)  # type: ignore[arg-type]
    shape = (len(market.instrument_ids), last - first + 1)
    closes = np.full(shape, np.nan)
    known = np.zeros(shape, np.int64)
    columns = market.columns_of(hours["instrument_id"])
    rows = hours["hour"].to_numpy() - first
    closes[columns, rows] = hours["close"].to_numpy()
    known[columns, rows] = hours["known_at"].to_numpy()
    return HourlyCloses(first, closes, known)
