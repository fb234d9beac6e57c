"""The minutes that a check samples: those where something changes, and random ones between them."""

from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Integers
from hydra.backtest.exit_bounds import row_at
from hydra.backtest.market import BacktestMarket
from hydra.backtest.simulation import Simulation
from hydra.durations import DAY_MINUTES

_OUTAGE_SECONDS: Final = 60.0


def sample_rows(simulation: Simulation, samples: int, seed: int) -> list[int]:
    """`samples` minutes (rows), ascending; more if there are more kinds, fewer if the range is short.

    At least one of each kind (see `kinds_of_rows`), up to half of all; the others are drawn at random, one
    from each equal part of the range.
    """
    chance = np.random.default_rng(seed)
    kinds = kinds_of_rows(simulation)
    of_each = max(1, samples // (2 * len(kinds)))
    chosen: set[int] = set()
    for rows in kinds.values():
        chosen.update(chance.choice(rows, min(of_each, len(rows)), replace=False).tolist())
    parts = np.array_split(np.arange(len(simulation.prepared.market.minutes)), max(1, samples - len(chosen)))
    if len(chosen) < samples:
        chosen.update(int(chance.choice(part)) for part in parts if len(part))
    return sorted(chosen)


def kinds_of_rows(simulation: Simulation) -> dict[str, Integers]:
    """The minutes around settlements, day changes and gaps; with a signal; of entries and of exits."""
    market, columns = simulation.prepared.market, simulation.columns
    minutes, positions = market.minutes, simulation.log.journal.positions
    closed = [one.closed_time for one in positions if one.closed_time is not None]
    outage = (columns.numbers["data_outage_seconds"] > _OUTAGE_SECONDS).any(axis=1)
    settled = np.flatnonzero(simulation.prepared.bars.has_settlement.any(axis=1))
    first_of_day = np.flatnonzero(np.diff(minutes // DAY_MINUTES, prepend=minutes[0] - 1))
    after_hole = np.flatnonzero(np.diff(minutes, prepend=minutes[0] - 1) != 1)
    return {
        # A rate is known seconds after its settlement, and is therefore used one minute later.
        "settlement": _around(settled - 1, minutes),
        "day change": _around(first_of_day, minutes),
        "gap": np.union1d(after_hole, np.flatnonzero(outage | _late(simulation))),
        "signal": np.flatnonzero((columns.chosen >= 0).any(axis=1)),
        "entry": _rows_at(market, [one.decision_time for one in positions]),
        "exit": _rows_at(market, closed),
    }


def _around(rows: Integers, minutes: Integers) -> Integers:
    near = np.unique(np.concatenate([rows - 1, rows, rows + 1]))
    inside: Integers = near[(near >= 0) & (near < len(minutes))]
    return inside


def _late(simulation: Simulation) -> NDArray[np.bool_]:
    late: NDArray[np.bool_] = np.asarray(simulation.prepared.bars.is_irregular.any(axis=1))
    return late


def _rows_at(market: BacktestMarket, times: list[datetime]) -> Integers:
    rows = np.array([row_at(market.minutes, time) for time in times], np.int64)
    inside: Integers = np.unique(rows[rows < len(market.minutes)])
    return inside
