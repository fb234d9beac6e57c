"""95 % intervals of figures by block bootstrap of days, with a fixed seed.

Trades of one day depend on each other, so days are drawn, not trades. Daily returns are drawn in blocks of
neighbouring days; after the last day comes the first (circular block bootstrap, Politis and Romano 1992).
Undefined is None, never 0 or infinity.
Source: docs/practice.md (reporting: 95 % intervals by block bootstrap of days); C134.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.ledger.daily_returns import FEWEST_DAILY_RETURNS
from hydra.ledger.metrics import defined
from hydra.ledger.vector_metrics import TradeSums

DayMetric: TypeAlias = Callable[[Floats], Floats]
TradeMetric: TypeAlias = Callable[[TradeSums], Floats]

FEWEST_DAYS: Final = 6
"""With fewer days of trades there is no interval."""

_RESAMPLES: Final = 2_000
_SEED: Final = 20_250_601
_LOW, _HIGH = 0.025, 0.975
_MOST_UNDEFINED: Final = 0.025


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval; None where undefined, or if the sample is too short."""

    value: float | None
    low: float | None = None
    high: float | None = None


def day_estimate(metric: DayMetric, returns: Floats, block_days: int | None = None) -> Estimate:
    """A day metric of `vector_metrics` over daily returns (n,); an interval needs FEWEST_DAILY_RETURNS.

    block_days: length of a block, by default `block_length`.
    """
    value = defined(metric(returns)) if returns.size else None
    if value is None or len(returns) < FEWEST_DAILY_RETURNS:
        return Estimate(value)
    drawn = drawn_days(len(returns), block_days or block_length(len(returns)))
    return Estimate(value, *_interval(metric(returns[drawn])))


def trade_estimate(metric: TradeMetric, days: NDArray[np.datetime64], net_usd: Floats) -> Estimate:
    """A trade metric of `vector_metrics` over closed trades, with its interval from FEWEST_DAYS on.

    days: UTC day of each close (n,), datetime64[D]; net_usd (n,). Days with trades are drawn, one by one.
    """
    names, group = np.unique(days, return_inverse=True)
    by_day = TradeSums.of_groups(net_usd, group, len(names))
    value = defined(metric(by_day.drawn(np.arange(len(names))[np.newaxis]))[0])
    if value is None or len(names) < FEWEST_DAYS:
        return Estimate(value)
    return Estimate(value, *_interval(metric(by_day.drawn(drawn_days(len(names), 1)))))


def block_length(days: int) -> int:
    """Days per block: the cube root of the sample, 7 for a year (Hall, Horowitz and Jing 1995).

    Formula: round(days ^ (1/3))
    Source: docs/practice.md (reporting).
    """
    return max(1, round(math.cbrt(days)))


def drawn_days(days: int, block_days: int) -> NDArray[np.intp]:
    """Day numbers of every resample, (2,000, days). The last block is cut."""
    blocks = -(-days // block_days)
    starts = np.random.default_rng(_SEED).integers(days, size=(_RESAMPLES, blocks))
    drawn: NDArray[np.intp] = (starts[:, :, np.newaxis] + np.arange(block_days)) % days
    return drawn.reshape(_RESAMPLES, -1)[:, :days]


def _interval(values: Floats) -> tuple[float | None, float | None]:
    """The inner 95 % of the resamples; None if the metric is undefined in too many of them."""
    known = values[~np.isnan(values)]
    if len(known) < (1 - _MOST_UNDEFINED) * len(values):
        return None, None
    low, high = np.quantile(known, (_LOW, _HIGH), method="inverted_cdf")
    return defined(low), defined(high)
