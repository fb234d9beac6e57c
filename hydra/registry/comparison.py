"""How much better one forecast is than another, with a 95 % interval by block bootstrap of days.

Both forecasts are judged on the same drawn days, so the interval is of their difference.
Source: docs/practice.md (reporting: 95 % intervals by block bootstrap of days).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats, Integers
from hydra.ledger.bootstrap import FEWEST_DAYS, Estimate, block_length, drawn_days

_LOW, _HIGH = 0.025, 0.975
_SURE: Final = 1e-6
"""A forecast is kept this far from 0 and 1 in the log loss, which would be infinite there."""


def squared_error(probability: Floats, won: Flags) -> Floats:
    """The squared error of each forecast; its mean is the Brier score."""
    error: Floats = (probability - won) ** 2
    return error


def log_loss(probability: Floats, won: Flags) -> Floats:
    """The log loss of each forecast, nats."""
    kept = np.clip(probability, _SURE, 1 - _SURE)
    loss: Floats = -np.log(np.where(won, kept, 1 - kept))
    return loss


def mean_of_days(value: Floats, weight: Floats, day: NDArray[np.datetime64]) -> Estimate:
    """The weighted mean of the values (n,); no interval with fewer than FEWEST_DAYS days."""
    names, group = np.unique(day, return_inverse=True)
    if not len(value) or weight.sum() <= 0:
        return Estimate(None)
    sums = np.bincount(group, value * weight, len(names))
    weights = np.bincount(group, weight, len(names))
    whole = float(sums.sum() / weights.sum())
    if len(names) < FEWEST_DAYS:
        return Estimate(whole)
    drawn = drawn_days(len(names), block_length(len(names)))
    below = weights[drawn].sum(axis=1)
    means = sums[drawn].sum(axis=1)[below > 0] / below[below > 0]
    low, high = np.quantile(means, (_LOW, _HIGH), method="inverted_cdf")
    return Estimate(whole, float(low), float(high))


def auc(score: Floats, won: Flags, weight: Floats) -> float | None:
    """The weighted share of pairs of a won and a lost row that are in the right order; ties count half.

    None where all or none won.
    """
    return _auc(np.unique(score, return_inverse=True)[1], won, weight)


def auc_gain(
    model: Floats, twin: Floats, won: Flags, weight: Floats, day: NDArray[np.datetime64]
) -> Estimate:
    """AUC of `model` minus AUC of `twin`; undefined where all or none won."""
    ranked = [np.unique(score, return_inverse=True)[1] for score in (model, twin)]
    whole = _difference(ranked, won, weight)
    names, group = np.unique(day, return_inverse=True)
    if whole is None or len(names) < FEWEST_DAYS:
        return Estimate(whole)
    drawn = drawn_days(len(names), block_length(len(names)))
    gains = []
    for days in drawn:
        times = np.bincount(days, minlength=len(names))
        gain = _difference(ranked, won, weight * times[group])
        if gain is not None:
            gains.append(gain)
    if len(gains) < _HIGH * len(drawn):
        return Estimate(whole)
    low, high = np.quantile(gains, (_LOW, _HIGH), method="inverted_cdf")
    return Estimate(whole, float(low), float(high))


def _difference(ranked: list[Integers], won: Flags, weight: Floats) -> float | None:
    first, second = (_auc(rank, won, weight) for rank in ranked)
    return None if first is None or second is None else first - second


def _auc(rank: Integers, won: Flags, weight: Floats) -> float | None:
    """See `auc`. rank: (n,) of each score, equal scores alike."""
    gained = np.bincount(rank, weight * won)
    lost = np.bincount(rank, weight * ~won)
    pairs = gained.sum() * lost.sum()
    if pairs <= 0:
        return None
    return float((gained * (np.cumsum(lost) - lost / 2)).sum() / pairs)
