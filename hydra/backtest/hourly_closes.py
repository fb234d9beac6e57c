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
    """closes (hours, pairs), NaN where an hour has no candle; known_us: when all of the hour was known."""

    first_hour: int
    closes: NDArray[np.float64]
    known_us: NDArray[np.int64]
    _correlations: dict[tuple[int, int, int], float] = field(default_factory=dict)

    def correlation(self, time: datetime, as_of: datetime, column: int, other: int) -> float:
        """Correlation of two pairs over the last 168 hours; NaN with too few (see `pair_correlation`)."""
        hour = int(time.timestamp()) // _HOUR_SECONDS
        key = (hour, column, other)
        if key in self._correlations:
            return self._correlations[key]
        value = pair_correlation(self.returns(time, as_of, column), self.returns(time, as_of, other))
        if self._is_complete(hour, as_of, column) and self._is_complete(hour, as_of, other):
            self._correlations[key] = value
        return value

    def _is_complete(self, hour: int, as_of: datetime, column: int) -> bool:
        """Nothing of the window is still to become known: it stays as it is for the rest of the hour."""
        begin = max(0, hour - 1 - self.first_hour - WINDOW_HOURS)
        window = self.known_us[begin : max(0, hour - self.first_hour), column]
        return bool((window <= int(as_of.timestamp() * 1e6)).all())

    def returns(self, time: datetime, as_of: datetime, column: int) -> Returns:
        """Log returns of the last 168 hours that ended by `time`, NaN where an hour is missing."""
        last = int(time.timestamp()) // _HOUR_SECONDS - 1 - self.first_hour
        rows = np.arange(last - WINDOW_HOURS, last + 1)
        closes = np.full(len(rows), np.nan)
        inside = (rows >= 0) & (rows < len(self.closes))
        own = rows[inside]
        is_known = self.known_us[own, column] <= int(as_of.timestamp() * 1e6)
        closes[inside] = np.where(is_known, self.closes[own, column], np.nan)
        return hourly_log_returns(closes)


def hourly_closes(market: BacktestMarket) -> HourlyCloses:
    """The close of every hour's last candle."""
    hours = (
        market.facts.candles_1m.with_columns((pl.col("time").to_physical() // _HOUR_US).alias("hour"))
        .group_by("instrument_id", "hour", maintain_order=True)
        .agg(pl.col("close").last(), pl.col("known_at").max().to_physical())
    )
    first, last = int(hours["hour"].min() or 0), int(hours["hour"].max() or 0)  # type: ignore[arg-type]
    shape = (last - first + 1, len(market.instrument_ids))
    closes = np.full(shape, np.nan)
    known = np.zeros(shape, np.int64)
    columns = market.columns_of(hours["instrument_id"])
    rows = hours["hour"].to_numpy() - first
    closes[rows, columns] = hours["close"].to_numpy()
    known[rows, columns] = hours["known_at"].to_numpy()
    return HourlyCloses(first, closes, known)
