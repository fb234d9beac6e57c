"""The deflated Sharpe ratio of a backtest: how much of its Sharpe ratio luck alone would explain.

Source: docs/practice.md (overfitting of the search); C134, C135.
"""

from dataclasses import dataclass

import psycopg

from hydra.db import queries
from hydra.ledger.baselines import RandomSide
from hydra.ledger.overfitting import MarketTrials, ReturnMoments
from hydra.research.random_sides import random_side_of
from hydra.research.studies import trials_on_market


@dataclass(frozen=True, slots=True)
class Luck:
    """trials: every trial counted on this market, this one included (see `trials_on_market`).

    deflated: probability that the true Sharpe ratio exceeds the best that this many trials show by luck; None
    where undefined. random_side: baseline of random sides; both sides are simulated with the same barriers.
    """

    trials: int
    deflated: float | None
    random_side: RandomSide | None


def read_luck(connection: psycopg.Connection, run_id: int) -> Luck | None:
    """The luck of a backtest; None for a run that was not counted as a trial."""
    row = connection.execute(queries.load("research/study_of_run"), {"run_id": run_id}).fetchone()
    if row is None:
        return None
    counted = trials_on_market(connection, row[0])
    own = next(trial for trial in counted if trial.run_id == run_id)
    market = MarketTrials.of(trial.for_ratios for trial in counted)
    deflated = market.deflated_sharpe(ReturnMoments.of(own.for_ratios))
    return Luck(market.count, deflated, random_side_of(own.metrics))
