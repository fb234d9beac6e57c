"""Trades of similar confidence and the share of them that won."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

_Z_95: Final = NormalDist().inv_cdf(0.975)
_MOST_BINS: Final = 6


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Trades of about equal confidence; low and high: 95 % interval of the share that won."""

    trades: int
    mean_confidence: float
    win_share: float
    low: float
    high: float


def confidence_bins(outcomes: Sequence[tuple[float, bool]], most: int = _MOST_BINS) -> list[CalibrationBin]:
    """(confidence, won) in at most `most` bins of about equal size; equal confidences stay together."""
    ordered = sorted(outcomes)
    groups: list[list[tuple[float, bool]]] = []
    for place, outcome in enumerate(ordered):
        is_same = bool(groups) and groups[-1][-1][0] == outcome[0]
        if groups and (is_same or place * most // len(ordered) < len(groups)):
            groups[-1].append(outcome)
        else:
            groups.append([outcome])
    return [_bin(group) for group in groups]


def _bin(group: Sequence[tuple[float, bool]]) -> CalibrationBin:
    trades, wins = len(group), sum(won for _, won in group)
    mean = sum(confidence for confidence, _ in group) / trades
    return CalibrationBin(trades, mean, wins / trades, *wilson_interval(wins, trades))


def wilson_interval(wins: int, trades: int) -> tuple[float, float]:
    """95 % interval of a share of independent trades, at least one.

    Source: Wilson, Journal of the American Statistical Association 22 (1927), 209.
    """
    share, square = wins / trades, _Z_95**2
    centre = (wins + square / 2) / (trades + square)
    spread = math.sqrt(wins * (1 - share) + square / 4)
    half = _Z_95 * spread / (trades + square)
    return max(0.0, centre - half), min(1.0, centre + half)
