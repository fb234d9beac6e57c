"""The log of the portfolio simulator."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags
from hydra.backtest.journal import Journal
from hydra.backtest.skip_quiet_minutes import NO_SIGNAL_SKIPPED, MinuteLog
from hydra.layers.layer4_kill import Kill
from hydra.trading.decision_rows import Verdict


@dataclass(frozen=True)
class LastExit:
    """The last exit of a pair, source and side."""

    time: datetime
    stopped_out: bool


@dataclass(frozen=True)
class KillRecord:
    """A latched kill switch: row of the minute, column of the pair where the condition held.

    cleared_row: cleared after the decisions of this minute; None: never.
    """

    row: int
    column: int
    kill: Kill
    cleared_row: int | None = None


@dataclass
class SimulationLog:
    """The log, per minute (rows) and pair (columns) unless said otherwise.

    minutes: see `MinuteLog`. played: per minute, False if skipped. verdicts: of played minutes, by (row,
    column). held: True with a position or a working entry when layer 4 decides. cash: USDT, by the row from
    which it holds. exits: by (column, key), in the order of time. kills: in the order of latching. stopped:
    (row, pairs stopped by kill switches from the verdicts of that row on).
    """

    minutes: MinuteLog
    played: NDArray[np.bool_]
    verdicts: dict[tuple[int, int], Verdict]
    held: NDArray[np.bool_]
    cash: dict[int, Decimal]
    exits: dict[tuple[int, int], list[LastExit]]
    kills: list[KillRecord]
    stopped: list[tuple[int, Flags]]
    journal: Journal


def empty_log(shape: tuple[int, ...], initial_balance: Decimal, *, keeps_quiet_checks: bool) -> SimulationLog:
    """The log before the first minute. shape: (minutes, pairs)."""
    unrealised, exposure, heat = (np.zeros(shape[0]) for _ in range(3))
    stale = np.zeros(shape[0], np.int16)
    return SimulationLog(
        minutes=MinuteLog(np.full(shape, NO_SIGNAL_SKIPPED, np.int8), unrealised, exposure, heat, stale),
        played=np.zeros(shape[0], np.bool_),
        verdicts={},
        held=np.zeros(shape, np.bool_),
        cash={0: initial_balance},
        exits={},
        kills=[],
        stopped=[],
        journal=Journal(keeps_quiet_checks=keeps_quiet_checks),
    )
