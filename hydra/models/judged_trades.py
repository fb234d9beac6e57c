"""Which trades a model would have taken out of fold, and what a day of them brought.

A pair holds one position at a time, as in trading: while a taken trade lasts, its pair's signals pass by.
Source: C83; docs/practice.md (reporting: daily returns).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats, Integers
from hydra.durations import DAY_SECONDS
from hydra.ledger.daily_returns import DailyReturns
from hydra.training.splits.label_spans import LabelSpans

START_USD: Final = 10_000.0
_BPS: Final = 10_000.0
_DAY_US: Final = DAY_SECONDS * 1_000_000


@dataclass(frozen=True)
class JudgedTrades:
    """is_taken: by row. daily: each trade has an equal share of the equity, one for each pair."""

    is_taken: Flags
    daily: DailyReturns
    net_usd: Decimal

    @property
    def count(self) -> int:
        """How many trades."""
        return int(self.is_taken.sum())


def taken_trades(
    spans: LabelSpans, pairs: Sequence[int] | Integers, probability: Floats, threshold: float
) -> Flags:
    """Which rows are taken: those at or above `threshold` whose pair is free; of one minute the likeliest."""
    taken = np.zeros(len(spans), np.bool_)
    free_from: dict[int, int] = {}
    keys = np.asarray(pairs)
    for row in np.lexsort((-probability, spans.start)):
        pair = int(keys[row])
        if probability[row] >= threshold and spans.start[row] >= free_from.get(pair, 0):
            taken[row] = True
            free_from[pair] = int(spans.end[row])
    return taken


def judged_trades(
    spans: LabelSpans, net_bps: Floats, is_taken: Flags, pairs: int, days: NDArray[np.datetime64]
) -> JudgedTrades:
    """The daily result of the taken trades over all `days` (UTC days, ascending); a trade counts on its last.

    net_bps: of the notional, after all costs. pairs: how many share the equity.

    Formula: return of a day = sum of net / 10,000 / pairs
    """
    ended = (spans.end[is_taken] // _DAY_US).astype("datetime64[D]")
    places = np.clip(np.searchsorted(days, ended), 0, len(days) - 1)
    returns: Floats = np.bincount(places, net_bps[is_taken] / _BPS / pairs, len(days)).astype(np.float64)
    closes = np.cumprod(1 + returns).astype(np.float64) * START_USD
    daily = DailyReturns(
        start_usd=START_USD,
        days=days,
        closes_usd=closes,
        returns=returns,
        elapsed_days=float(len(days)),
        partial_days=0,
        missing_days=0,
    )
    return JudgedTrades(is_taken, daily, Decimal(str(round(float(closes[-1]) - START_USD, 8))))


def days_of(spans: LabelSpans) -> NDArray[np.datetime64]:
    """Every UTC day from the first label's start to the last one's end."""
    first, last = int(spans.start.min()) // _DAY_US, int(spans.end.max()) // _DAY_US
    return np.arange(first, last + 1).astype("datetime64[D]")
