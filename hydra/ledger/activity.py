"""Time in the market, exposure and turnover.

A row of the equity path is valid until the next one and weighted by the decided minutes in between, so gaps
in the data do not count.
Source: C83 (365 days), C122 (equity per cycle), C134 (elapsed time).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.ledger.daily_returns import FEWEST_ELAPSED_DAYS
from hydra.ledger.vector_metrics import DAYS_PER_YEAR

_MINUTE: Final = np.timedelta64(1, "m")
_HOUR: Final = np.timedelta64(1, "h")


@dataclass(frozen=True, slots=True)
class DecidedMinutes:
    """The minutes that a run decided.

    hours (n,): the UTC hours with a decided minute, ascending, datetime64; minutes (n,): how many in each.
    first, last: the first and the last decided minute.
    """

    hours: NDArray[np.datetime64]
    minutes: Floats
    first: np.datetime64
    last: np.datetime64

    def of_rows(self, times: NDArray[np.datetime64]) -> Floats:
        """Decided minutes from each row of the equity path (n,) to the next row or the end.

        Within a partly decided hour, the minutes are spread evenly.
        """
        opens = np.maximum(self.hours, self.first)
        ends = np.minimum(self.hours + _HOUR, self.last + _MINUTE)
        edges = np.stack((opens, ends), axis=1).ravel().astype("datetime64[us]").astype(np.int64)
        after = np.cumsum(self.minutes)
        decided = np.stack((after - self.minutes, after), axis=1).ravel()
        bounds = np.append(times, self.last + _MINUTE).astype("datetime64[us]").astype(np.int64)
        rows: Floats = np.maximum(np.diff(np.interp(bounds, edges, decided)), 0.0)
        return rows


def open_positions(
    times: NDArray[np.datetime64], opened: NDArray[np.datetime64], closed: NDArray[np.datetime64]
) -> NDArray[np.intp]:
    """How many positions are open at each of `times`: opened at or before it, closed after it.

    opened, closed: an entry a position, in any order; NaT in `closed` while open.
    """
    ends = np.sort(closed[~np.isnat(closed)])
    begun = np.searchsorted(np.sort(opened), times, side="right")
    return begun - np.searchsorted(ends, times, side="right")


def exposure_time_share(minutes: Floats, positions: NDArray[np.intp]) -> float | None:
    """Share of the decided minutes with an open position, 0 to 1; None without a decided minute.

    minutes (n,): see `DecidedMinutes.of_rows`; positions (n,): how many were open from each row on.

    Formula: decided minutes with a position / decided minutes
    Source: C122, C134.
    """
    return _weighted(minutes, (positions > 0).astype(np.float64))


def exposure_notional_to_equity(minutes: Floats, exposure_usd: Floats, equity_usd: Floats) -> float | None:
    """Mean notional over equity, a fraction, with leverage possibly above 1; None without equity.

    Formula: sum(decided minutes x notional / equity) / sum(decided minutes)
    Source: C122, C134.
    """
    if not bool(np.all(equity_usd > 0)):
        return None
    return _weighted(minutes, exposure_usd / equity_usd)


def turnover(traded_usd: float, minutes: Floats, equity_usd: Floats) -> float | None:
    """Notional of all fills, entries and exits, over the mean equity; None without equity.

    Formula: traded notional / mean equity of the decided minutes
    Source: C122, C134.
    """
    equity = _weighted(minutes, equity_usd)
    return traded_usd / equity if equity is not None and equity > 0 else None


def turnover_annualised_365(turnover_times: float | None, elapsed_days: float) -> float | None:
    """Turnover scaled to 365 days; None under 30 elapsed days.

    Formula: turnover x 365 / elapsed days
    Source: C83 (365 days); C134.
    """
    if turnover_times is None or elapsed_days < FEWEST_ELAPSED_DAYS:
        return None
    return turnover_times * DAYS_PER_YEAR / elapsed_days


def _weighted(minutes: Floats, values: Floats) -> float | None:
    total = float(minutes.sum())
    return float(minutes @ values) / total if total > 0 else None
