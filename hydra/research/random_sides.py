"""The baseline of random sides: a backtest's trades, each side simulated with the same barriers.

Source: docs/practice.md (reporting: random side with the same times).
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Final

import numpy as np

from hydra.backtest.simulation import Simulation
from hydra.ledger.baselines import RandomSide, random_side
from hydra.research.outcomes import opposite_outcomes

_PREFIX: Final = "random_side_"


def random_side_figures(simulation: Simulation) -> dict[str, float | None]:
    """The figures of the random side by name, as a trial stores them; empty if no other side is known.

    The other side has entry, stop, funding and time limit by the paper exchange, alone and without layer 2.
    """
    known = [
        (float(one.position.net_pnl_usd), float(one.opposite.net_usd))
        for one in opposite_outcomes(simulation)
        if one.opposite is not None
    ]
    if not known:
        return {}
    own, opposite = (np.array(values) for values in zip(*known, strict=True))
    coin = random_side(own, opposite)
    return {} if coin is None else {f"{_PREFIX}{name}": float(value) for name, value in asdict(coin).items()}


def random_side_of(metrics: Mapping[str, float | None]) -> RandomSide | None:
    """The random side from a trial's figures; None if they have none."""
    named = {field.name: metrics.get(f"{_PREFIX}{field.name}") for field in fields(RandomSide)}
    values = {name: value for name, value in named.items() if value is not None}
    if len(values) < len(named):
        return None
    return RandomSide(
        trades=int(values["trades"]),
        draws=int(values["draws"]),
        mean_usd=values["mean_usd"],
        low_usd=values["low_usd"],
        high_usd=values["high_usd"],
        rank=values["rank"],
    )
