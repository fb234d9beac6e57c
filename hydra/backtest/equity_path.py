"""The equity of every minute in integers of 1e-8 USDT, so that its sums are exact (C122)."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from hydra.arrays import TIME, Floats, Integers
from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation_log import SimulationLog
from hydra.durations import DAY_MINUTES, MINUTE_US

E8: Final = 100_000_000


@dataclass(frozen=True)
class EquityPath:
    """One element a decided minute. *_e8: units of 1e-8 USDT. heat: a fraction of equity."""

    minutes: Integers
    cash_e8: Integers
    unrealised_e8: Integers
    day_peak_e8: Integers
    peak_e8: Integers
    exposure_e8: Integers
    heat: Floats
    stale: NDArray[np.int16]
    is_held: NDArray[np.bool_]
    is_played: NDArray[np.bool_]

    @property
    def equity_e8(self) -> Integers:
        """Cash and unrealised profit."""
        equity: Integers = self.cash_e8 + self.unrealised_e8
        return equity

    @cached_property
    def equity_usd(self) -> Floats:
        equity: Floats = self.equity_e8 / E8
        return equity

    def stored_rows(self) -> NDArray[np.bool_]:
        """True for minutes that were played or held a position, each day's first and last, and the last."""
        of_day = self.minutes % DAY_MINUTES
        ends = (of_day == 0) | (of_day == DAY_MINUTES - 1)
        stored: NDArray[np.bool_] = self.is_held | self.is_played | ends
        stored[-1] = True
        return stored

    def frame(self, rows: NDArray[np.bool_]) -> pl.DataFrame:
        """The minutes `rows` with the columns of hydra.equity, amounts in e8."""
        return pl.DataFrame(
            {
                "time": (pl.Series(self.minutes[rows]) * MINUTE_US).cast(TIME),
                "cash_e8": self.cash_e8[rows],
                "unrealised_e8": self.unrealised_e8[rows],
                "day_peak_e8": self.day_peak_e8[rows],
                "peak_e8": self.peak_e8[rows],
                "exposure_e8": self.exposure_e8[rows],
                "portfolio_heat": self.heat[rows],
                "stale_positions": self.stale[rows],
            }
        )


def equity_path(market: BacktestMarket, log: SimulationLog) -> EquityPath:
    """The equity of every minute of a simulation."""
    changes = np.fromiter(log.cash, np.int64, len(log.cash))
    amounts = np.array([_e8(cash_usd) for cash_usd in log.cash.values()], np.int64)
    cash = amounts[np.searchsorted(changes, np.arange(len(market.minutes)), side="right") - 1]
    unrealised, exposure = _rounded(log.minutes.unrealised_usd), _rounded(log.minutes.exposure_usd)
    equity_e8 = cash + unrealised
    with np.errstate(divide="ignore", invalid="ignore"):
        heat = np.where(equity_e8 > 0, log.minutes.heat_usd / (equity_e8 / E8), np.inf)
    return EquityPath(
        minutes=market.minutes,
        cash_e8=cash,
        unrealised_e8=unrealised,
        day_peak_e8=_day_peaks(market.minutes, equity_e8),
        peak_e8=np.maximum.accumulate(equity_e8),
        exposure_e8=exposure,
        heat=heat,
        stale=log.minutes.stale,
        is_held=np.asarray(log.held.any(axis=1)),
        is_played=log.played,
    )


def _rounded(amounts_usd: Floats) -> Integers:
    rounded: Integers = np.rint(amounts_usd * E8).astype(np.int64)
    return rounded


def _e8(amount_usd: Decimal) -> int:
    return int((amount_usd * E8).to_integral_value())


def _day_peaks(minutes: Integers, equity_e8: Integers) -> Integers:
    peaks = np.empty_like(equity_e8)
    days = minutes // DAY_MINUTES
    begins = np.flatnonzero(np.diff(days, prepend=days[:1] - 1))
    for begin, end in zip(begins, np.append(begins[1:], len(days)), strict=True):
        peaks[begin:end] = np.maximum.accumulate(equity_e8[begin:end])
    return peaks
