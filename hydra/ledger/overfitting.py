"""Probabilistic and deflated Sharpe ratio, minimum track record length.

Sharpe ratios here are per day, not annualised; kurtosis is raw (3 for a normal distribution). The formulas
are those of Bailey and López de Prado 2012 and 2014 (deflated Sharpe ratio).
Source: docs/practice.md (overfitting of the search); C134, C135, C137.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final

import numpy as np

from hydra.arrays import Floats
from hydra.ledger.metrics import sharpe_daily_365
from hydra.ledger.vector_metrics import DAYS_PER_YEAR

_NORMAL: Final = NormalDist()
_EULER_MASCHERONI: Final = 0.577_215_664_901_532_9
_LEAST_SPREAD: Final = 1e-12
_FEWEST_TRIALS: Final = 2


@dataclass(frozen=True, slots=True)
class ReturnMoments:
    """Sharpe ratio per day (std1), skewness, raw kurtosis, and the number of days."""

    sharpe_per_day: float
    skewness: float
    kurtosis: float
    days: int

    @classmethod
    def of(cls, returns: Floats) -> "ReturnMoments | None":
        """Moments of daily returns (n,); None where the Sharpe ratio is undefined."""
        sharpe = sharpe_daily_365(returns)
        if sharpe is None:
            return None
        standard = (returns - returns.mean()) / returns.std()
        skewness, kurtosis = float(np.mean(standard**3)), float(np.mean(standard**4))
        return cls(sharpe / math.sqrt(DAYS_PER_YEAR), skewness, kurtosis, len(returns))

    @property
    def spread(self) -> float:
        """1 - g3 SR + (g4 - 1)/4 SR^2: n - 1 times the variance of the estimated Sharpe ratio."""
        sharpe = self.sharpe_per_day
        return 1 - self.skewness * sharpe + (self.kurtosis - 1) / 4 * sharpe**2


def probabilistic_sharpe(moments: ReturnMoments, benchmark_per_day: float = 0.0) -> float | None:
    """Probability that the true Sharpe ratio is above the benchmark; None without variance.

    Formula: Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - g3 SR + (g4 - 1)/4 SR^2))
    Source: docs/practice.md (overfitting of the search: PSR; SR per day, g4 raw).
    """
    if moments.spread <= _LEAST_SPREAD:
        return None
    above = moments.sharpe_per_day - benchmark_per_day
    return _NORMAL.cdf(above * math.sqrt((moments.days - 1) / moments.spread))


def best_sharpe_by_luck(trials: int, sharpe_variance: float) -> float:
    """Expected Sharpe ratio per day of the best of `trials` without any skill; 0 for a single trial.

    sharpe_variance: variance of the trials' Sharpe ratios per day.

    Raises:
        ValueError: no trial, or a negative variance.

    Formula: sqrt(Var(SR_n)) x ((1 - gamma) Z(1 - 1/N) + gamma Z(1 - 1/(N e)))
    Source: docs/practice.md (overfitting of the search: SR* of the deflated Sharpe ratio).
    """
    if trials < 1 or sharpe_variance < 0:
        raise ValueError(f"{trials} trials with a variance of {sharpe_variance}: count at least one")
    if trials == 1:
        return 0.0
    most = (1 - _EULER_MASCHERONI) * _NORMAL.inv_cdf(1 - 1 / trials)
    beyond = _EULER_MASCHERONI * _NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(sharpe_variance) * (most + beyond)


def variance_of_trials(sharpes_per_day: Sequence[float]) -> float | None:
    """Variance of the trials' Sharpe ratios per day; None under two of them.

    The trials are a sample, so the sum of squares is divided by n - 1.

    Formula: sum((SR_n - mean)^2) / (n - 1)
    Source: C137.
    """
    if len(sharpes_per_day) < _FEWEST_TRIALS:
        return None
    return float(np.var(sharpes_per_day, ddof=1))


def deflated_sharpe(moments: ReturnMoments, trials: int, sharpe_variance: float) -> float | None:
    """Probability that the true Sharpe ratio of the best of `trials` is above luck; None without variance.

    Raises:
        ValueError: no trial, or a negative variance.

    Formula: PSR with SR* = the best of N trials by luck
    Source: docs/practice.md (overfitting of the search: DSR; strict gate 0.95).
    """
    return probabilistic_sharpe(moments, best_sharpe_by_luck(trials, sharpe_variance))


@dataclass(frozen=True, slots=True)
class MarketTrials:
    """All trials on a market. sharpe_variance: of those with a ratio; None under two of them."""

    count: int
    sharpe_variance: float | None

    @classmethod
    def of(cls, samples: Iterable[Floats]) -> "MarketTrials":
        """From the daily returns of each trial; one with too few returns for a ratio still counts."""
        moments = [ReturnMoments.of(returns) for returns in samples]
        sharpes = [one.sharpe_per_day for one in moments if one is not None]
        return cls(len(moments), variance_of_trials(sharpes))

    def deflated_sharpe(self, moments: ReturnMoments | None) -> float | None:
        """The deflated Sharpe ratio of one trial; None if its ratio or the variance is undefined."""
        if moments is None or self.sharpe_variance is None:
            return None
        return deflated_sharpe(moments, self.count, self.sharpe_variance)


def minimum_track_record_days(
    moments: ReturnMoments, benchmark_per_day: float = 0.0, confidence: float = 0.95
) -> float | None:
    """Days until a record with these moments is above the benchmark with `confidence`.

    None if its ratio is not above the benchmark.

    Formula: 1 + (1 - g3 SR + (g4 - 1)/4 SR^2) (Z(confidence) / (SR - SR*))^2
    Source: docs/practice.md (overfitting of the search: minimum track record length).
    """
    above = moments.sharpe_per_day - benchmark_per_day
    if above <= 0:
        return None
    return 1 + moments.spread * (_NORMAL.inv_cdf(confidence) / above) ** 2
