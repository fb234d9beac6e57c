"""The gates of a model: each says what it measured, what it has to reach, and one sentence.

They judge scores out of sample only, with costs; an undefined number does not pass. Where a figure is
compared or is money, the lower end of its 95 % interval has to pass. Days are drawn for intervals, in
blocks, because the rows of one day depend on each other.
Source: docs/practice.md (overfitting of the search); C88.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats
from hydra.ledger.bootstrap import Estimate
from hydra.ledger.calibration import calibration
from hydra.ledger.overfitting import MarketTrials, ReturnMoments
from hydra.ledger.pbo_cscv import search_overfitting
from hydra.registry.comparison import auc_gain, log_loss, mean_of_days, squared_error


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a model has to reach. Raising them is safe; the defaults are the strict ones."""

    least_samples: int = 1_000
    least_effective_samples: float = 300.0
    most_calibration_error: float = 0.05
    least_deflated_sharpe: float = 0.95
    most_overfitting: float = 0.5


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Rows scored out of sample (n,), all arrays alike.

    model, twin: the probability by the model and by the rule-based twin, calibrated on other rows. won: what
    came of each. uniqueness: 0..1. day: UTC day of the decision.
    """

    model: Floats
    twin: Floats
    won: Flags
    uniqueness: Floats
    day: NDArray[np.datetime64]


@dataclass(frozen=True, slots=True)
class Search:
    """How the model was found. trials: every one ever scored on its market.

    variants: (days, models) daily returns of the models that competed in this training, fractions.
    """

    trials: MarketTrials
    variants: Floats

    @property
    def overfitting(self) -> float | None:
        """The probability that the best of the variants is best by luck (PBO); None: undefined."""
        found = search_overfitting(self.variants)
        return None if found is None else found.probability


@dataclass(frozen=True, slots=True)
class ScoredRows(Forecasts):
    """Forecasts of trades.

    net_bps: (n,) result after all costs of the trades that the model took; nan where it took none.
    daily_returns: of those trades, fractions (days,).
    """

    net_bps: Floats
    daily_returns: Floats
    search: Search


@dataclass(frozen=True, slots=True)
class GateResult:
    """A row of ml.model_gates."""

    gate: str
    number: float | None
    bound: float
    is_passed: bool
    words: str


GATES: Final = (
    "samples", "effective_samples", "auc", "brier", "log_loss", "calibration_error", "net_profit",
    "deflated_sharpe", "pbo",
)  # fmt: skip
"""Every gate; a model is published only if each is there and passed."""


def judge(rows: ScoredRows, bounds: Bounds = Bounds()) -> tuple[GateResult, ...]:
    """The result of every gate, in the order of `GATES`.

    Raises:
        ValueError: the arrays have different lengths, or a score is no probability.
    """
    if len(rows.net_bps) != len(rows.model):
        raise ValueError(_LENGTHS)
    return (
        *judge_forecasts(rows, bounds),
        _profitable(rows),
        _not_by_luck(rows, bounds.least_deflated_sharpe),
        _not_overfitted(rows.search, bounds.most_overfitting),
    )


def judge_forecasts(rows: Forecasts, bounds: Bounds = Bounds()) -> tuple[GateResult, ...]:
    """Those of `GATES` that ask nothing of trades: of a model that earns nothing by itself.

    Raises:
        ValueError: see `judge`.
    """
    _check(rows)
    effective = float(rows.uniqueness.sum())
    return (
        at_least("samples", float(len(rows.model)), bounds.least_samples, "scored rows"),
        at_least("effective_samples", effective, bounds.least_effective_samples, "independent rows"),
        *_better_than_the_twin(rows),
        at_most_error(calibration(rows.model, rows.won).expected_error, bounds.most_calibration_error),
    )


def failed_gates(results: tuple[GateResult, ...]) -> tuple[str, ...]:
    """A sentence for each gate that is missing or did not pass."""
    by_name = {result.gate: result for result in results}
    missing = [f"{name} was not judged" for name in GATES if name not in by_name]
    return (*missing, *(result.words for result in results if not result.is_passed))


_LENGTHS: Final = "the columns of the rows have different lengths: give each row all of them"


def _check(rows: Forecasts) -> None:
    columns = (rows.model, rows.twin, rows.won, rows.uniqueness, rows.day)
    if len({len(column) for column in columns}) > 1:
        raise ValueError(_LENGTHS)
    scores = np.concatenate([rows.model, rows.twin])
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("a score is not within 0 and 1: give probabilities")


def at_least(gate: str, number: float | None, bound: float, unit: str) -> GateResult:
    """A gate that a number has to reach; None: undefined."""
    is_passed = number is not None and number >= bound
    measured = "undefined" if number is None else f"{number:,.6g} {unit}"
    return GateResult(gate, number, bound, is_passed, f"{gate}: {measured}, at least {bound:,.6g} needed")


def above_zero(gate: str, found: Estimate, what: str) -> GateResult:
    """A gate whose number has to be above 0 with its whole interval."""
    if found.value is None or found.low is None or found.high is None:
        words = f"{gate}: {what} an unknown amount, too few days for an interval, or one outcome only"
        return GateResult(gate, None, 0.0, is_passed=False, words=words)
    words = (
        f"{gate}: {what} {found.value:+.4g}, 95 % interval {found.low:+.4g} to {found.high:+.4g}, "
        "its lower end must be above 0"
    )
    return GateResult(gate, found.low, 0.0, found.low > 0, words)


def _better_than_the_twin(rows: Forecasts) -> tuple[GateResult, ...]:
    day, weight, won = rows.day, rows.uniqueness, rows.won
    ranks = auc_gain(rows.model, rows.twin, won, weight, day)
    brier = squared_error(rows.twin, won) - squared_error(rows.model, won)
    loss = log_loss(rows.twin, won) - log_loss(rows.model, won)
    return (
        above_zero("auc", ranks, "AUC above the rule's by"),
        above_zero("brier", mean_of_days(brier, weight, day), "Brier score below the rule's by"),
        above_zero("log_loss", mean_of_days(loss, weight, day), "log loss below the rule's by"),
    )


def at_most_error(error: float | None, bound: float) -> GateResult:
    """The gate of a calibration error; None: undefined."""
    measured = "undefined" if error is None else f"{error:.4f}"
    words = f"calibration_error: {measured}, at most {bound} allowed"
    return GateResult("calibration_error", error, bound, error is not None and error <= bound, words)


def _profitable(rows: ScoredRows) -> GateResult:
    taken = ~np.isnan(rows.net_bps)
    weight = np.ones(int(taken.sum()))
    found = mean_of_days(rows.net_bps[taken], weight, rows.day[taken])
    return above_zero("net_profit", found, "profit a trade after costs, bps,")


def _not_by_luck(rows: ScoredRows, bound: float) -> GateResult:
    trials = rows.search.trials
    number = trials.deflated_sharpe(ReturnMoments.of(rows.daily_returns))
    return at_least("deflated_sharpe", number, bound, f"after {trials.count} trials")


def _not_overfitted(search: Search, bound: float) -> GateResult:
    number = search.overfitting
    measured = "undefined" if number is None else f"{number:.3f} of {search.variants.shape[1]} models"
    words = f"pbo: {measured}, at most {bound} allowed"
    return GateResult("pbo", number, bound, number is not None and number <= bound, words)
