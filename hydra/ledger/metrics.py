"""The metrics of a run, with the convention in the name; undefined is None, never 0 or infinity.

`_daily_365`: from daily UTC returns, a year of 365 days, risk-free rate and target 0. `_daily_close`: from
the last equity of each UTC day; `_intraday`: from the equity of every cycle. `_r`: in units of the risk.
Whether a sample is large enough for a ratio is decided in `daily_returns.sample_for_ratios`.
Returns, shares and drawdowns are fractions; amounts are USDT net of all costs unless the name says otherwise.
Source: docs/practice.md (reporting); C31, C83, C104, C113, C134.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.ledger.daily_returns import DailyReturns
from hydra.ledger.vector_metrics import (
    TradeSums,
    annualised_return_rows,
    calmar_rows,
    expectancy_usd_rows,
    omega_rows,
    payoff_ratio_rows,
    profit_factor_rows,
    sharpe_rows,
    sortino_rows,
    total_return_rows,
    win_rate_rows,
)


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The deepest fall from a peak. fraction: of the peak; 0 without a fall.

    length: from the last instant of the peak to the first at or above it again, or to the end of the path if
    is_recovered is False.
    """

    fraction: float
    length: timedelta
    is_recovered: bool


def defined(value: Any) -> float | None:
    """A float, or None if it is nan or infinite."""
    return float(value) if np.isfinite(value) else None


def total_return(returns: Floats) -> float | None:
    """Fraction gained over all days, compounded; None without a day.

    Formula: prod(1 + r) - 1
    Source: C83 (daily UTC returns).
    """
    return defined(total_return_rows(returns)) if returns.size else None


def annualised_return_compounded_365(returns: Floats, elapsed_days: float) -> float | None:
    """Return per year, compounded, a fraction; None without a return.

    elapsed_days: with days that have no row.

    Formula: (1 + total return) ^ (365 / elapsed days) - 1
    Source: C83 (365 days); C134 (elapsed time).
    """
    return defined(annualised_return_rows(returns, elapsed_days))


def sharpe_daily_365(returns: Floats) -> float | None:
    """Annual Sharpe ratio; None under two days or without variance (C113).

    Formula: mean(r) / std1(r) x sqrt(365)
    Source: C83 (daily UTC returns, risk-free 0); C113.
    """
    return defined(sharpe_rows(returns))


def sortino_daily_365(returns: Floats) -> float | None:
    """Annual Sortino ratio (Sortino and Price 1994); None under two days or without a loss.

    Formula: mean(r) / sqrt(mean(min(r, 0)^2)) x sqrt(365)
    Source: docs/practice.md (reporting); C83 (target 0).
    """
    return defined(sortino_rows(returns))


def calmar_daily_365(returns: Floats, elapsed_days: float) -> float | None:
    """Annualised return over the deepest drawdown of the daily closes; None without a fall (Young 1991).

    Formula: annualised return / max drawdown of the daily closes
    Source: C83, C134 (here over the whole period).
    """
    return defined(calmar_rows(returns, elapsed_days))


def omega_daily_0(returns: Floats) -> float | None:
    """Gains of the winning days over losses of the losing days; None without a losing day.

    Keating and Shadwick 2002.

    Formula: sum(max(r, 0)) / sum(max(-r, 0))
    Source: docs/practice.md (reporting); C83 (threshold 0).
    """
    return defined(omega_rows(returns))


def max_drawdown_intraday(
    times: NDArray[np.datetime64], equity_usd: Floats, start_usd: float
) -> Drawdown | None:
    """The deepest fall of the equity path; None for an empty one.

    times: ascending instants (n,), UTC. start_usd > 0: the balance before the first, the first peak.

    Formula: max over cycles of 1 - equity / peak equity so far
    Source: C31 (`drawdown`, from the highest equity of the run); C122.
    """
    if not times.size:
        return None
    return _deepest(np.concatenate((times[:1], times)), np.concatenate(([start_usd], equity_usd)))


def max_drawdown_daily_close(daily: DailyReturns) -> Drawdown | None:
    """The deepest fall of the daily closes, its length in whole days; None without a day.

    Formula: max over days of 1 - close / highest close so far
    Source: C31, C83 (daily UTC closes).
    """
    if not daily.days.size:
        return None
    days = np.concatenate((daily.days[:1] - 1, daily.days))
    return _deepest(days, np.concatenate(([daily.start_usd], daily.closes_usd)))


def _deepest(times: NDArray[np.datetime64], equity_usd: Floats) -> Drawdown:
    peaks = np.maximum.accumulate(equity_usd)
    falls = 1 - equity_usd / peaks
    trough = int(np.argmax(falls))
    peak = int(np.flatnonzero(equity_usd[: trough + 1] == peaks[trough])[-1])
    regained = np.flatnonzero(equity_usd[trough:] >= peaks[trough])
    end = trough + int(regained[0]) if regained.size else len(times) - 1
    span = (times[end] - times[peak]).astype("timedelta64[us]").item()
    return Drawdown(float(falls[trough]), span, bool(regained.size))


def win_rate(net_usd: Floats) -> float | None:
    """Share of closed trades with a positive net result; zero is a loss (C104). None without trades.

    Formula: trades with net > 0 / trades
    Source: docs/practice.md (reporting); C104.
    """
    return _of_trades(win_rate_rows, net_usd)


def profit_factor(net_usd: Floats) -> float | None:
    """Profit of the winners over loss of the losers; None without a loss (C104).

    Formula: sum(max(net, 0)) / sum(max(-net, 0))
    Source: docs/practice.md (reporting); C104.
    """
    return _of_trades(profit_factor_rows, net_usd)


def expectancy_usd(net_usd: Floats) -> float | None:
    """Average net result of a trade, USDT; None without trades.

    Formula: mean(net)
    Source: docs/practice.md (reporting); C104 (net of all costs).
    """
    return _of_trades(expectancy_usd_rows, net_usd)


def expectancy_r(net_usd: Floats, risk_usd: Floats) -> float | None:
    """Average net result in multiples of the risk at the stop; None unless every trade has a risk > 0.

    risk_usd: loss at the stop, measured from the entry, positive, (n,); nan where unknown.

    Formula: mean(net / risk)
    Source: docs/practice.md (reporting); C104.
    """
    if not net_usd.size or not bool(np.all(risk_usd > 0)):
        return None
    return defined(np.mean(net_usd / risk_usd))


def payoff_ratio(net_usd: Floats) -> float | None:
    """Average win over average loss, with trades of zero as losses; None without a win or a loss.

    Formula: mean(net of wins) / -mean(net of losses)
    Source: docs/practice.md (reporting); C104 (zero is a loss).
    """
    return _of_trades(payoff_ratio_rows, net_usd)


def _of_trades(metric: Callable[[TradeSums], Floats], net_usd: Floats) -> float | None:
    one_group = np.zeros(len(net_usd), dtype=np.intp)
    return defined(metric(TradeSums.of_groups(net_usd, one_group, 1))[0])
