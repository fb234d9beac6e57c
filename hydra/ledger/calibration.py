"""Calibration: confidence against the share of won trades.

Source: docs/practice.md, "Calibration" (ECE over 10 equal-mass bins diagnoses, the Brier score decides).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Floats

CALIBRATION_BINS: Final = 10
_Z_95: Final = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """Trades of about equal confidence; low and high: 95 % interval of the share that won."""

    trades: int
    mean_confidence: float
    win_share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Calibration of the confidences of `trades`; every figure is None without trades.

    expected_error: ECE. brier_skill: see `brier_skill`.
    """

    trades: int
    bins: Sequence[CalibrationBin]
    expected_error: float | None
    brier: float | None
    brier_skill: float | None


def calibration(confidence: Floats, won: NDArray[np.bool_], bins: int = CALIBRATION_BINS) -> Calibration:
    """Confidences in 0..1 (n,) against outcomes (n,), in at most `bins` bins of about equal size.

    Equal confidences are in the same bin.
    """
    if not confidence.size:
        return Calibration(0, (), None, None, None)
    number = bin_numbers(confidence, bins)
    parts = [_bin(confidence[number == name], won[number == name]) for name in np.unique(number)]
    return Calibration(
        len(confidence),
        parts,
        expected_calibration_error(parts),
        brier_score(confidence, won),
        brier_skill(confidence, won),
    )


def bin_numbers(confidence: Floats, bins: int = CALIBRATION_BINS) -> NDArray[np.intp]:
    """The bin of each confidence (n,), n >= 1: ascending, of about equal size, equal confidences together."""
    ordered = np.sort(confidence)
    wanted = min(bins, len(ordered))
    firsts = [part[0] for part in np.array_split(ordered, wanted)]
    return np.searchsorted(np.array(firsts), confidence, side="right")


def _bin(confidence: Floats, won: NDArray[np.bool_]) -> CalibrationBin:
    trades, wins = len(won), int(won.sum())
    low, high = wilson_interval(wins, trades)
    return CalibrationBin(trades, float(confidence.mean()), wins / trades, low, high)


def wilson_interval(wins: int, trades: int) -> tuple[float, float]:
    """95 % interval of a share of independent trades, trades >= 1.

    Formula: (p + z^2/2n -+ z sqrt(p(1 - p)/n + z^2/4n^2)) / (1 + z^2/n)
    Source: docs/practice.md, "Calibration"; Wilson 1927.
    """
    share, weight = wins / trades, _Z_95**2 / trades
    half = _Z_95 * math.sqrt(share * (1 - share) / trades + weight / (4 * trades))
    low, high = (share + weight / 2 - half) / (1 + weight), (share + weight / 2 + half) / (1 + weight)
    # Rounding may take a bound past the share.
    return min(max(low, 0.0), share), max(min(high, 1.0), share)


def expected_calibration_error(bins: Sequence[CalibrationBin]) -> float | None:
    """Mean absolute difference of win share and confidence, weighted by trades; None without bins.

    Formula: sum of n_b / n x abs(mean(y) - mean(p))
    Source: docs/practice.md, "Calibration" (ECE).
    """
    trades = sum(part.trades for part in bins)
    if not trades:
        return None
    return sum(part.trades * abs(part.win_share - part.mean_confidence) for part in bins) / trades


def brier_score(confidence: Floats, won: NDArray[np.bool_]) -> float | None:
    """Mean squared error of the confidence; None without trades.

    Formula: mean((p - y)^2)
    Source: docs/practice.md, "Calibration" (Brier).
    """
    return float(np.mean((confidence - won) ** 2)) if confidence.size else None


def brier_skill(confidence: Floats, won: NDArray[np.bool_]) -> float | None:
    """Improvement over a constant confidence equal to the share of won trades; None if all or none won.

    Formula: 1 - Brier / (base (1 - base))
    Source: docs/practice.md, "Calibration" (Brier skill).
    """
    score = brier_score(confidence, won)
    base = float(won.mean()) if won.size else 0.0
    return None if score is None or base in {0.0, 1.0} else 1 - score / (base * (1 - base))
