"""Daily UTC returns of the equity, the elapsed time, and the smallest sample for a ratio.

An equity of 00:00 UTC belongs to the new day.
Source: C83 (daily UTC returns), C122, C134 (elapsed time; the smallest sample of a ratio).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats

_DAY: Final = np.timedelta64(1, "D")
CYCLE: Final = np.timedelta64(1, "m")

FEWEST_ELAPSED_DAYS: Final = 30
"""With less time there is no annual figure and no ratio (C134)."""

FEWEST_DAILY_RETURNS: Final = 20
"""With fewer daily returns there is no ratio and no interval (C134): seven blocks of three days."""


def allows_ratios(elapsed_days: float, returns: int) -> bool:
    """Whether a sample is large enough for a ratio.

    Formula: elapsed days >= 30 and returns >= 20
    Source: C134.
    """
    return elapsed_days >= FEWEST_ELAPSED_DAYS and returns >= FEWEST_DAILY_RETURNS


def sample_for_ratios(returns: Floats, elapsed_days: float) -> Floats:
    """The daily returns (n,), or an empty array if they are too few for a ratio.

    All annual figures, ratios and probabilities use this sample.
    """
    return returns if allows_ratios(elapsed_days, len(returns)) else returns[:0]


@dataclass(frozen=True, slots=True)
class DailyReturns:
    """Days (n,) as datetime64[D], the last equity of each in USDT, and its return as a fraction.

    elapsed_days: from one cycle before the first row (the start balance) to the end of the last row's cycle,
    with gaps. partial_days: days whose rows begin late or end early (gaps within a day are not detected).
    missing_days: days without equity between the first and the last. They are no samples; the first day after
    a gap has the return of the whole gap.
    """

    start_usd: float
    days: NDArray[np.datetime64]
    closes_usd: Floats
    returns: Floats
    elapsed_days: float
    partial_days: int
    missing_days: int

    @property
    def for_ratios(self) -> Floats:
        """See `sample_for_ratios`."""
        return sample_for_ratios(self.returns, self.elapsed_days)


def daily_returns(
    times: NDArray[np.datetime64],
    equity_usd: Floats,
    start_usd: float,
    cycle: np.timedelta64 = CYCLE,
) -> DailyReturns:
    """The last equity of each UTC day over that of the day before; the first day over the start balance.

    times: ascending instants (n,), UTC, a row a cycle; equity_usd (n,). A day is partial if its first row
    is later than `cycle` after 00:00 or its last earlier than `cycle` before 24:00. The first day without
    positive equity is the last day.

    Raises:
        ValueError: the start balance is not positive, or the instants do not ascend.

    Formula: last equity of the UTC day / last equity of the day before - 1
    Source: C83 (daily UTC returns); C122.
    """
    if start_usd <= 0 or np.any(times[1:] < times[:-1]):
        raise ValueError("an equity path needs a positive start balance and ascending instants")
    day_of_row = times.astype("datetime64[D]")
    days, first_rows = np.unique(day_of_row, return_index=True)
    last_rows = np.append(first_rows[1:], len(times))[: len(days)] - 1
    alive = _until_ruin(equity_usd[last_rows])
    days, first_rows, last_rows = days[:alive], first_rows[:alive], last_rows[:alive]
    closes = equity_usd[last_rows].astype(np.float64)
    before = np.concatenate(([start_usd], closes[:-1]))[: len(days)]
    is_partial = (times[first_rows] - days > cycle) | (times[last_rows] - days < _DAY - cycle)
    elapsed_days, missing = 0.0, 0
    if len(days):
        elapsed_days = float((times[last_rows[-1]] - times[0] + 2 * cycle) / _DAY)
        missing = int((days[-1] - days[0]) / _DAY) + 1 - len(days)
    return DailyReturns(
        start_usd, days, closes, closes / before - 1, elapsed_days, int(is_partial.sum()), missing
    )


def _until_ruin(closes_usd: Floats) -> int:
    """The number of days up to and including the first without positive equity."""
    ruined = np.flatnonzero(closes_usd <= 0)
    return int(ruined[0]) + 1 if ruined.size else len(closes_usd)
