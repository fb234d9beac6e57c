"""Hourly closes of all pairs, for the correlation of a new position with those that are held (C119)."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.backtest.market import BacktestMarket
from hydra.layers.layer4_correlation import WINDOW_HOURS, hourly_log_returns, pair_correlation

_HOUR_US: Final = 3_600_000_000
_HOUR_SECONDS: Final = 3600

Returns = NDArray[np.float64]


@dataclass(frozen=True)
class HourlyCloses:
    """closes (pairs, hours), NaN where an hour has no candle; known_us: when all of the hour was known."""

    first_hour: int
    closes: NDArray[np.float64]
    known_us: NDArray[np.int64]

    def returns(self, hour: int, as_of: datetime) -> Returns:
        """(pairs, 168): log returns of the hours before `hour`, NaN where one is missing."""
        end = hour - self.first_hour
        begin = end - WINDOW_HOURS - 1
        own = slice(max(begin, 0), max(end, 0))
        is_known = self.known_us[:, own] <= int(as_of.timestamp() * 1e6)
        known = np.where(is_known, self.closes[:, own], np.nan)
        closes = np.full((len(known), WINDOW_HOURS + 1), np.nan)
        first = max(-begin, 0)
        closes[:, first : first + known.shape[1]] = known
        return hourly_log_returns(closes)


@dataclass
class Correlations:
    """Correlations of pairs as time goes on.

    Where no return of an hour's windows is missing they stay as they are to its end, and are kept that long.
    """

    hourly: HourlyCloses
    _hour: int = -1
    _returns: Returns | None = None
    _known: dict[tuple[int, int], float] = field(default_factory=dict)

    def at(self, time: datetime, as_of: datetime, column: int, other: int) -> float:
        """Correlation of two pairs over the last 168 hours; NaN with too few (see `pair_correlation`)."""
        hour = int(time.timestamp()) // _HOUR_SECONDS
        if hour != self._hour:
            self._hour, self._returns = hour, None
            self._known.clear()
        key = min(column, other), max(column, other)
        if key not in self._known:
            returns = self.hourly.returns(hour, as_of) if self._returns is None else self._returns
            correlation = pair_correlation(returns[key[0]], returns[key[1]])
            if self._returns is None and np.isnan(returns).any():
                return correlation
            self._returns, self._known[key] = returns, correlation
        return self._known[key]


def hourly_closes(market: BacktestMarket) -> HourlyCloses:
    """The close of every hour's last candle."""
    hours = (
        market.facts.candles_1m.with_columns((pl.col("time").to_physical() // _HOUR_US).alias("hour"))
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
