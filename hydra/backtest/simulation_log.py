"""What the portfolio simulator records."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags
from hydra.backtest.journal import Journal
from hydra.backtest.skip_quiet_minutes import NONE_PASSED_OVER, LeapLog
from hydra.layers.layer4_kill import Kill
from hydra.trading.decision_rows import Verdict


@dataclass(frozen=True)
class LastExit:
    """When a pair, source and side was last left, and why."""

    time: datetime
    stopped_out: bool


@dataclass(frozen=True)
class LatchedKill:
    """A kill switch that latched: the row of the minute, and the pair (column) that showed it.

    cleared_row: the minute after whose decisions it was cleared; None: never.
    """

    row: int
    column: int
    kill: Kill
    cleared_row: int | None = None


@dataclass
class SimulationLog:
    """What the simulator records, per minute (rows) and pair (columns) unless said otherwise.

    leapt: see `LeapLog`. played: minutes that were not leapt over; verdicts: theirs. held: a position or a
    working entry when layer 4 decides. cash: in USDT, from the rows on in which it may have changed.
    exits: by (column, key), in the order of time. kills: in the order of latching. stopped: the pairs that a
    kill switch stops, by the row of the first verdicts that see it; they stand until the next.
    """

    leapt: LeapLog
    played: NDArray[np.bool_]
    verdicts: dict[tuple[int, int], Verdict]
    held: NDArray[np.bool_]
    cash: dict[int, Decimal]
    exits: dict[tuple[int, int], list[LastExit]]
    kills: list[LatchedKill]
    stopped: list[tuple[int, Flags]]
    journal: Journal


def empty_log(shape: tuple[int, ...], initial_balance: Decimal, *, keeps_quiet_checks: bool) -> SimulationLog:
    """The log before the first minute. shape: (minutes, pairs)."""
    unrealised, exposure, heat = (np.zeros(shape[0]) for _ in range(3))
    stale = np.zeros(shape[0], np.int16)
    return SimulationLog(
        leapt=LeapLog(np.full(shape, NONE_PASSED_OVER, np.int8), unrealised, exposure, heat, stale),
        played=np.zeros(shape[0], np.bool_),
        verdicts={},
        held=np.zeros(shape, np.bool_),
        cash={0: initial_balance},
        exits={},
        kills=[],
        stopped=[],
        journal=Journal(keeps_quiet_checks=keeps_quiet_checks),
    )
