"""Layer 4, correlation penalty: a smaller size where the open positions are correlated with the pair."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

WINDOW_HOURS: Final = 168
LEAST_PAIRS: Final = 48
UNKNOWN_PENALTY: Final = 0.3
# (average correlation, factor of the size above it)
PENALTIES: Final = ((0.8, 0.3), (0.6, 0.6), (0.4, 0.8))


def correlation_penalty(average_correlation: float) -> float:
    """Factor of the size for an average correlation in -1..1; sides are ignored (C38).

    Formula: > 0.8: 0.3; > 0.6: 0.6; > 0.4: 0.8; else 1.0
    Source: layers document, "Correlation Penalty"; C38.
    """
    for border, factor in PENALTIES:
        if average_correlation > border:
            return factor
    return 1.0


def hourly_log_returns(closes: NDArray[np.float64]) -> NDArray[np.float64]:
    """ln(C / C before) of closes one hour apart, oldest first; NaN where a close is missing (C119)."""
    return np.diff(np.log(closes))


def pair_correlation(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Pearson correlation of the last 168 hourly log returns of two pairs, aligned; NaN: missing.

    The result is NaN with fewer than 48 common returns or without variance.

    Formula: Pearson of 1 h log returns over 168 h
    Source: layers document, "Correlation Penalty" (calculate_avg_correlation); C119.
    """
    first, second = first[-WINDOW_HOURS:], second[-WINDOW_HOURS:]
    known = ~(np.isnan(first) | np.isnan(second))
    count = np.count_nonzero(known)
    if count < LEAST_PAIRS:
        return math.nan
    if count < len(known):
        first, second = first[known], second[known]
    one, other = first - first.mean(), second - second.mean()
    scale = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / scale if scale > 0 else math.nan


def average_correlation(correlations: Sequence[float]) -> float:
    """Mean correlation of the new pair with the open ones; NaN if one is unknown or none is open.

    Source: layers document, "Correlation Penalty" (calculate_avg_correlation); C119.
    Formula: mean of the pair correlations
    """
    return sum(correlations) / len(correlations) if correlations else math.nan


def signed_correlation(new_direction: int, correlations: Sequence[float], directions: Sequence[int]) -> float:
    """Mean correlation of exposures, negative if the new position hedges the open ones (C38).

    directions: +1 LONG, -1 SHORT. Stored, but not used in the printed rule; 0.0 without open positions.
    """
    signed = [new_direction * side * value for value, side in zip(correlations, directions, strict=True)]
    return math.fsum(signed) / len(signed) if signed else 0.0


def penalty_beside(average: float, open_positions: int) -> float:
    """`correlation_penalty`; 1.0 without open positions, 0.3 if the average is unknown, NaN (C119)."""
    if open_positions == 0:
        return 1.0
    return UNKNOWN_PENALTY if math.isnan(average) else correlation_penalty(average)
