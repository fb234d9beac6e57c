"""The arithmetic of the metrics for many samples at once, for `metrics` and `bootstrap`.

Day metrics take daily returns (fractions), a row a sample, and give a value a row. Trade metrics take
`TradeSums` and give a value an entry. In the arrays nan is "undefined" and infinity is "positive over zero",
so that quantiles can order them; neither leaves the ledger.
Source: C83 (365 days, std1, risk-free 0), C104 (zero is a loss), C113 (zero variance).
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats

DAYS_PER_YEAR: Final = 365

_ROOT_OF_YEAR: Final = math.sqrt(DAYS_PER_YEAR)
_ZERO_SHARE: Final = 1e-12
_FEWEST_DAYS_DEVIATION: Final = 2


def ratio_rows(numerator: Floats, denominator: Floats) -> Floats:
    """numerator / denominator for denominators >= 0; infinite over zero, nan for zero over zero.

    A denominator of at most 1e-12 of the numerator is rounding error and counts as zero (C113).
    """
    is_zero = denominator <= _ZERO_SHARE * np.abs(numerator)
    beyond = np.where(numerator == 0, np.nan, np.copysign(np.inf, numerator))
    return np.where(is_zero, beyond, numerator / np.where(is_zero, 1.0, denominator))


def total_return_rows(returns: Floats) -> Floats:
    grown: Floats = np.prod(1 + returns, axis=-1) - 1
    return grown


def annualised_return_rows(returns: Floats, elapsed_days: float) -> Floats:
    """Compounded from the elapsed days to 365; nan without a return or a day."""
    if not returns.shape[-1] or elapsed_days <= 0:
        return np.full(returns.shape[:-1], np.nan)
    with np.errstate(over="ignore"):
        growth: Floats = (1 + total_return_rows(returns)) ** (DAYS_PER_YEAR / elapsed_days)
    return growth - 1


def sharpe_rows(returns: Floats) -> Floats:
    """Mean over std1, times the root of 365; nan under two days."""
    if returns.shape[-1] < _FEWEST_DAYS_DEVIATION:
        return np.full(returns.shape[:-1], np.nan)
    sharpe: Floats = ratio_rows(returns.mean(axis=-1), returns.std(axis=-1, ddof=1))
    return sharpe * _ROOT_OF_YEAR


def sortino_rows(returns: Floats) -> Floats:
    """Mean over the downside deviation below 0, over all days, times the root of 365; nan under two."""
    if returns.shape[-1] < _FEWEST_DAYS_DEVIATION:
        return np.full(returns.shape[:-1], np.nan)
    downside = np.sqrt(np.square(np.minimum(returns, 0.0)).mean(axis=-1))
    return ratio_rows(returns.mean(axis=-1), downside) * _ROOT_OF_YEAR


def omega_rows(returns: Floats) -> Floats:
    """Sum of the gains over the sum of the losses, threshold 0."""
    gains = np.maximum(returns, 0.0).sum(axis=-1)
    return ratio_rows(gains, np.maximum(-returns, 0.0).sum(axis=-1))


def max_drawdown_rows(returns: Floats) -> Floats:
    """Largest fall of the compounded daily closes from their peak, the start included; 0 without a fall."""
    closes = np.cumprod(1 + returns, axis=-1)
    peaks = np.maximum(np.maximum.accumulate(closes, axis=-1), 1.0)
    falls: Floats = np.max(1 - closes / peaks, axis=-1, initial=0.0)
    return falls


def calmar_rows(returns: Floats, elapsed_days: float) -> Floats:
    """Annualised return over the largest drawdown of the daily closes."""
    return ratio_rows(annualised_return_rows(returns, elapsed_days), max_drawdown_rows(returns))


@dataclass(frozen=True, slots=True)
class TradeSums:
    """Sums over groups of closed trades, one entry a group.

    lost_usd is positive. A trade with a net result of zero is no win (C104).
    """

    trades: Floats
    wins: Floats
    won_usd: Floats
    lost_usd: Floats

    @classmethod
    def of_groups(cls, net_usd: Floats, group: NDArray[np.intp], groups: int) -> "TradeSums":
        """Sums of the trades' net results (n,) by their group number (n,), 0 to groups - 1."""
        won, lost = np.maximum(net_usd, 0.0), np.maximum(-net_usd, 0.0)
        weights = (np.ones_like(net_usd), (net_usd > 0).astype(np.float64), won, lost)
        return cls(*(np.bincount(group, weight, groups).astype(np.float64) for weight in weights))

    def drawn(self, rows: NDArray[np.intp]) -> "TradeSums":
        """Sums over drawn groups. rows: group numbers, a row a sample."""
        parts = (self.trades, self.wins, self.won_usd, self.lost_usd)
        return TradeSums(*(part[rows].sum(axis=-1) for part in parts))


def win_rate_rows(sums: TradeSums) -> Floats:
    return ratio_rows(sums.wins, sums.trades)


def profit_factor_rows(sums: TradeSums) -> Floats:
    return ratio_rows(sums.won_usd, sums.lost_usd)


def expectancy_usd_rows(sums: TradeSums) -> Floats:
    """Net result a trade, USDT."""
    net = sums.won_usd - sums.lost_usd
    return np.where(sums.trades == 0, np.nan, net / np.maximum(sums.trades, 1.0))


def payoff_ratio_rows(sums: TradeSums) -> Floats:
    """Average win over average loss; zero is a loss (C104); nan without a win."""
    losses = sums.trades - sums.wins
    average_win = np.where(sums.wins == 0, np.nan, sums.won_usd / np.maximum(sums.wins, 1.0))
    return ratio_rows(average_win, sums.lost_usd / np.maximum(losses, 1.0))
