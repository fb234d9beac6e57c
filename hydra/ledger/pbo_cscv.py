"""Probability of backtest overfitting (PBO) by combinatorially symmetric cross-validation (CSCV).

The days are cut into S blocks. For every choice of S/2 blocks, the best variant in them is picked and then
measured on the other half (Bailey, Borwein, López de Prado and Zhu 2015).
Source: docs/practice.md (overfitting of the search).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats
from hydra.ledger.vector_metrics import ratio_rows

MOST_BLOCKS: Final = 16
FEWEST_BLOCKS: Final = 4
FEWEST_DAYS_A_BLOCK: Final = 5
_FEWEST_VARIANTS: Final = 2
_CHUNK: Final = 1_024
_TIE: Final = 1e-9
_MEDIAN: Final = 0.5


@dataclass(frozen=True, slots=True)
class SearchOverfitting:
    """Result of the cross-validation. probability: of overfitting, 0 to 1.

    probability_of_loss: share of splits in which the picked variant lost out of sample. median_logit: of the
    picked variant's relative rank, negative below the median. days and variants: how many were used.
    """

    probability: float
    probability_of_loss: float
    median_logit: float
    splits: int
    blocks: int
    days: int
    variants: int


def blocks_of(days: int, wanted: int = MOST_BLOCKS) -> int | None:
    """The largest even number of blocks up to `wanted` with five days each; None under four."""
    blocks = min(wanted, days // FEWEST_DAYS_A_BLOCK) // 2 * 2
    return blocks if blocks >= FEWEST_BLOCKS else None


def search_overfitting(returns: Floats, wanted_blocks: int = MOST_BLOCKS) -> SearchOverfitting | None:
    """Cross-validate the variants of a search: returns (days, variants), fractions per day.

    Performance is the Sharpe ratio. The oldest days that fill no block are left out. A variant without
    variance is ignored; a half without variance has performance 0. Variants that tie for the best share the
    pick; ties out of sample share their ranks; a pick exactly at the median counts half. None under four
    blocks of five days or two variants.

    Formula: share of the C(S, S/2) splits with logit of the picked variant's rank / (N + 1) out of sample < 0
    Source: docs/practice.md (overfitting of the search: PBO by CSCV; strict gate 0.5).
    """
    blocks = blocks_of(len(returns), wanted_blocks)
    if blocks is None:
        return None
    block_days = len(returns) // blocks
    used = returns[len(returns) - blocks * block_days :]
    used = used[:, _varying(used)]
    if used.shape[1] < _FEWEST_VARIANTS:
        return None
    parts = [_picked(chosen, used, block_days) for chosen in _halves(blocks)]
    rank, performance, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    below = (rank < _MEDIAN) + 0.5 * (rank == _MEDIAN)
    splits = float(weight.sum())
    return SearchOverfitting(
        probability=float((weight * below).sum() / splits),
        probability_of_loss=float((weight * (performance < -_TIE)).sum() / splits),
        median_logit=_median(np.log(rank / (1 - rank)), weight),
        splits=round(splits),
        blocks=blocks,
        days=len(used),
        variants=used.shape[1],
    )


def _varying(returns: Floats) -> NDArray[np.bool_]:
    performance = ratio_rows(returns.mean(axis=0), returns.std(axis=0, ddof=1))
    return np.isfinite(performance)


def _halves(blocks: int) -> Iterator[Floats]:
    """The splits in chunks: a row a split, 1 for blocks in sample, 0 for the others."""
    chosen = np.array(list(combinations(range(blocks), blocks // 2)))
    for first in range(0, len(chosen), _CHUNK):
        part = chosen[first : first + _CHUNK]
        halves = np.zeros((len(part), blocks))
        np.put_along_axis(halves, part, 1.0, axis=1)
        yield halves


def _picked(halves: Floats, returns: Floats, block_days: int) -> tuple[Floats, Floats, Floats]:
    """Relative rank and performance out of sample of every pick, and its share of its split."""
    inside = _performance(halves, returns, block_days)
    outside = _performance(1 - halves, returns, block_days)
    is_best = inside >= inside.max(axis=1, keepdims=True) - _TIE
    split, variant = np.nonzero(is_best)
    performance = outside[split, variant]
    against = outside[split] - performance[:, np.newaxis]
    worse = (against < -_TIE).sum(axis=1)
    equal = (np.abs(against) <= _TIE).sum(axis=1)
    rank = (worse + (equal + 1) / 2) / (returns.shape[1] + 1)
    weight: Floats = 1 / is_best.sum(axis=1)[split]
    return rank, performance, weight


def _performance(halves: Floats, returns: Floats, block_days: int) -> Floats:
    """Sharpe ratio per day of every half (row) and variant (column); 0 without variance."""
    # Deviations from the mean avoid a loss of precision when the mean is large.
    mean = returns.mean(axis=0)
    by_block = (returns - mean).reshape(-1, block_days, returns.shape[1])
    days = halves.shape[1] // 2 * block_days
    sums = halves @ by_block.sum(axis=1)
    squares = halves @ np.square(by_block).sum(axis=1)
    variance = np.maximum(squares - sums**2 / days, 0.0) / (days - 1)
    performance = ratio_rows(mean + sums / days, _without_noise(variance, squares / days))
    return np.where(np.isfinite(performance), performance, 0.0)


def _without_noise(variance: Floats, mean_square: Floats) -> Floats:
    """The deviation; 0 if the variance is only rounding noise of the squares."""
    deviation: Floats = np.sqrt(np.where(variance <= 1e-12 * mean_square, 0.0, variance))
    return deviation


def _median(values: Floats, weight: Floats) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])
