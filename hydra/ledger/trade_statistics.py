"""What a list of closed trades says, and how little a short list says: win rate, profit factor, intervals.

Undefined is None, never 0. Trades of one day share their market, so whole days are drawn, not trades.
Source: practice.md 3.9 (sample size, 95 % intervals by block bootstrap of days); C104 (zero is a loss).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

FEWEST_DAYS: Final = 6
"""Fewer days with trades give no interval: there is too little to draw from."""

_RESAMPLES: Final = 2_000
_SEED: Final = 20_250_601
_LOW, _HIGH = 0.025, 0.975


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """Net result of a closed position in USDT, all costs in, and the UTC day of its close."""

    day: date
    net_usd: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; None where undefined, or where the sample is too short."""

    value: float | None
    low: float | None = None
    high: float | None = None


def win_rate(trades: Sequence[ClosedTrade]) -> Estimate:
    """Share of trades with a positive net result (C104)."""
    if not trades:
        return Estimate(None)
    wins = sum(trade.net_usd > 0 for trade in trades)
    drawn = _resampled(trades)
    return Estimate(wins / len(trades), *_interval(None if drawn is None else drawn[:, 1] / drawn[:, 0]))


def profit_factor(trades: Sequence[ClosedTrade]) -> Estimate:
    """What the winners won over what the losers lost; undefined without a loss."""
    won = sum(trade.net_usd for trade in trades if trade.net_usd > 0)
    lost = -sum(trade.net_usd for trade in trades if trade.net_usd < 0)
    if lost == 0:
        return Estimate(None)
    drawn = _resampled(trades)
    return Estimate(won / lost, *_interval(None if drawn is None else _ratios(drawn[:, 2], drawn[:, 3])))


def net_per_trade(trades: Sequence[ClosedTrade]) -> Estimate:
    """Average net result of a trade in USDT."""
    if not trades:
        return Estimate(None)
    drawn = _resampled(trades)
    mean = sum(trade.net_usd for trade in trades) / len(trades)
    means = None if drawn is None else (drawn[:, 2] - drawn[:, 3]) / drawn[:, 0]
    return Estimate(mean, *_interval(means))


def days_with_trades(trades: Sequence[ClosedTrade]) -> int:
    """How many UTC days the trades were closed on: the effective sample of the intervals."""
    return len({trade.day for trade in trades})


def _resampled(trades: Sequence[ClosedTrade]) -> NDArray[np.float64] | None:
    """Per resample: trades, wins, USDT won, USDT lost; None where there are too few days."""
    days = sorted({trade.day for trade in trades})
    if len(days) < FEWEST_DAYS:
        return None
    sums = np.zeros((len(days), 4))
    for trade in trades:
        is_win = trade.net_usd > 0
        sums[days.index(trade.day)] += (1, is_win, max(trade.net_usd, 0.0), max(-trade.net_usd, 0.0))
    drawn = np.random.default_rng(_SEED).integers(len(days), size=(_RESAMPLES, len(days)))
    resampled: NDArray[np.float64] = sums[drawn].sum(axis=1)
    return resampled


def _ratios(won: NDArray[np.float64], lost: NDArray[np.float64]) -> NDArray[np.float64]:
    """Infinite where a resample has no loss."""
    ratios = np.full(won.shape, np.inf)
    np.divide(won, lost, out=ratios, where=lost > 0)
    return ratios


def _interval(values: NDArray[np.float64] | None) -> tuple[float | None, float | None]:
    if values is None:
        return None, None
    low, high = np.quantile(values, (_LOW, _HIGH), method="inverted_cdf")
    return (float(low) if np.isfinite(low) else None), (float(high) if np.isfinite(high) else None)
