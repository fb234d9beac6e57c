"""How much of a backtest's Sharpe ratio is the luck of having tried often.

Source: practice.md 3.5 (the trial counter is part of every figure).
"""

from dataclasses import dataclass

import numpy as np
import psycopg

from hydra.db import queries
from hydra.ledger.baselines import RandomSide
from hydra.ledger.overfitting import ReturnMoments, deflated_sharpe
from hydra.research.random_sides import random_side_of
from hydra.research.studies import sharpes_beside


@dataclass(frozen=True, slots=True)
class Luck:
    """trials: scored on this market over stretches that overlap the run's, itself included.

    deflated: probability that the true Sharpe ratio lies above what the best of them shows by luck; None
    where undefined. random_side: a coin for the side of its trades, both sides played by the same barriers.
    """

    trials: int
    deflated: float | None
    random_side: RandomSide | None


def read_luck(connection: psycopg.Connection, run_id: int) -> Luck | None:
    """The luck of a backtest; None for a run that was not counted as a trial."""
    row = connection.execute(queries.load("research/own_trial"), {"run_id": run_id}).fetchone()
    if row is None:
        return None
    sharpes = sharpes_beside(connection, run_id)
    moments = ReturnMoments.of(np.array(row[0]))
    coin = random_side_of(row[1])
    if moments is None:
        return Luck(max(1, len(sharpes)), None, coin)
    variance = float(np.var(sharpes, ddof=1)) if len(sharpes) > 1 else 0.0
    return Luck(len(sharpes), deflated_sharpe(moments, len(sharpes), variance), coin)
