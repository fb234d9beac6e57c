"""What rows bring, by tenths of a model's score: where it ranks well, the amounts climb from low to high.

Source: docs/practice.md, "Reporting".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats
from hydra.ledger.bootstrap import Estimate
from hydra.ledger.calibration import bin_numbers
from hydra.registry.comparison import mean_of_days


@dataclass(frozen=True, slots=True)
class ResultWords:
    """What rows bring, in words. true: how one is called that came true. amount, meaning: of the figure."""

    true: str
    amount: str
    meaning: str


TRADE_RESULT: Final = ResultWords("won", "net bps", "the result of its trade after all costs")


@dataclass(frozen=True, slots=True)
class ScoreDecile:
    """A tenth of the rows, lowest scores first. amount_bps: the mean that they bring, with its interval."""

    rows: int
    lowest: float
    highest: float
    true_share: float
    amount_bps: Estimate


def score_deciles(
    probability: Floats, is_true: Flags, amount_bps: Floats, day: NDArray[np.datetime64]
) -> list[ScoreDecile]:
    """The rows (n,) in tenths of the probability, equal ones together; fewer tenths where there are few rows.

    amount_bps: what each row brings, see `ResultWords`. day: UTC day of each decision.
    """
    if not len(probability):
        return []
    number = bin_numbers(probability)
    return [
        _decile(probability[own], is_true[own], amount_bps[own], day[own])
        for own in (number == name for name in np.unique(number))
    ]


def _decile(
    probability: Floats, is_true: Flags, amount_bps: Floats, day: NDArray[np.datetime64]
) -> ScoreDecile:
    return ScoreDecile(
        rows=len(is_true),
        lowest=float(probability.min()),
        highest=float(probability.max()),
        true_share=float(is_true.mean()),
        amount_bps=mean_of_days(amount_bps, np.ones(len(is_true)), day),
    )
