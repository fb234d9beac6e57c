"""What trades brought, by tenths of a model's score: where it ranks well, they climb from low to high.

Source: docs/practice.md, "Reporting".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats
from hydra.ledger.bootstrap import Estimate
from hydra.ledger.calibration import bin_numbers
from hydra.registry.comparison import mean_of_days


@dataclass(frozen=True, slots=True)
class ScoreDecile:
    """A tenth of the rows, lowest scores first. net_bps: mean result after all costs, with its interval."""

    rows: int
    lowest: float
    highest: float
    won_share: float
    net_bps: Estimate


def score_deciles(
    probability: Floats, won: Flags, net_bps: Floats, day: NDArray[np.datetime64]
) -> list[ScoreDecile]:
    """The rows (n,) in tenths of the probability, equal ones together; fewer tenths where there are few rows.

    net_bps: of each row's trade after all costs, basis points. day: UTC day of each decision.
    """
    if not len(probability):
        return []
    number = bin_numbers(probability)
    return [
        _decile(probability[own], won[own], net_bps[own], day[own])
        for own in (number == name for name in np.unique(number))
    ]


def _decile(probability: Floats, won: Flags, net_bps: Floats, day: NDArray[np.datetime64]) -> ScoreDecile:
    return ScoreDecile(
        rows=len(won),
        lowest=float(probability.min()),
        highest=float(probability.max()),
        won_share=float(won.mean()),
        net_bps=mean_of_days(net_bps, np.ones(len(won)), day),
    )
