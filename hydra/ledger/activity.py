"""How much of the time and of the equity was at stake, and how often the equity was turned over.

A row of the equity path stands until the next one; what stood before a hole stands through it.
Source: practice.md 3.9 (honest reporting); C83 (365 days), C122 (equity per cycle).
"""

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.durations import DAY_SECONDS
from hydra.ledger.vector_metrics import DAYS_PER_YEAR, FEWEST_DAYS_ANNUALISED


def open_positions(
    times: NDArray[np.datetime64], opened: NDArray[np.datetime64], closed: NDArray[np.datetime64]
) -> NDArray[np.intp]:
    """How many positions are open at each of `times`: opened at or before it, closed after it.

    opened, closed: an entry a position, in any order; NaT in `closed` while open.
    """
    ends = np.sort(closed[~np.isnat(closed)])
    begun = np.searchsorted(np.sort(opened), times, side="right")
    return begun - np.searchsorted(ends, times, side="right")


def exposure_time_share(times: NDArray[np.datetime64], positions: NDArray[np.intp]) -> float | None:
    """Share of the time with an open position, 0 to 1; None for a path without duration.

    times: ascending instants (n,); positions: how many were open from each on (n,).

    Formula: sum(seconds with a position) / sum(seconds)
    Source: practice.md 3.9; C122.
    """
    return _time_weighted(times, (positions > 0).astype(np.float64))


def exposure_notional_to_equity(
    times: NDArray[np.datetime64], exposure_usd: Floats, equity_usd: Floats
) -> float | None:
    """Time-weighted notional over equity, a fraction that leverage takes above 1; None without equity.

    Formula: sum(seconds x notional / equity) / sum(seconds)
    Source: practice.md 3.9; C122.
    """
    if not bool(np.all(equity_usd > 0)):
        return None
    return _time_weighted(times, exposure_usd / equity_usd)


def turnover(traded_usd: float, times: NDArray[np.datetime64], equity_usd: Floats) -> float | None:
    """Notional of all fills, entries and exits, over the time-weighted equity; None without equity.

    Formula: traded notional / mean equity
    Source: practice.md 3.9; C122.
    """
    equity = _time_weighted(times, equity_usd)
    return traded_usd / equity if equity is not None and equity > 0 else None


def turnover_annualised_365(
    traded_usd: float, times: NDArray[np.datetime64], equity_usd: Floats
) -> float | None:
    """Turnover scaled to 365 days; None under 30 days, for a day with trades says nothing of a year.

    Formula: turnover x 365 / days
    Source: practice.md 3.9; C83 (365 days).
    """
    raw = turnover(traded_usd, times, equity_usd)
    days = _seconds(times).sum() / DAY_SECONDS
    return None if raw is None or days < FEWEST_DAYS_ANNUALISED else float(raw * DAYS_PER_YEAR / days)


def _time_weighted(times: NDArray[np.datetime64], values: Floats) -> float | None:
    seconds = _seconds(times)
    total = float(seconds.sum())
    return float(seconds @ values[:-1]) / total if total > 0 else None


def _seconds(times: NDArray[np.datetime64]) -> Floats:
    seconds: Floats = np.diff(times) / np.timedelta64(1, "s")
    return seconds
