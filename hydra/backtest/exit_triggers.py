"""Columns of the minutes in which layer 2, the kill switch or a thesis may close an open position.

The compiled loop stops at these minutes; the rules then decide (see `next_busy_minute`).
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats
from hydra.backtest.bars import BarGrid
from hydra.backtest.columns import REASON_CODES, DecisionColumns
from hydra.backtest.skip_quiet_minutes import Grids
from hydra.domain import ReasonCode, VolatilityRegime
from hydra.durations import DAY_MINUTES
from hydra.layers.layer3_signals import GENERATORS
from hydra.layers.layer4_kill import KillParameters, cascade_kills, funding_kills
from hydra.layers.positions import PositionParameters
from hydra.trading.parameters import Rules

EVALUATION_MINUTES: Final = 5

THESES: Final = tuple(dict.fromkeys(generator.thesis for generator in GENERATORS.values()))
STRENGTH_OF: Final = {source: THESES.index(generator.thesis) for source, generator in GENERATORS.items()}
"""Which of `strengths` a thesis rests on: those of several generators may rest on one."""


def strengths(columns: DecisionColumns) -> Floats:
    """(theses, minutes, pairs): each thesis of THESES for a long, NaN where unknown."""
    return np.stack([thesis.strength(1, columns.numbers[thesis.column]) for thesis in THESES])


def kill_alarms(columns: DecisionColumns, parameters: KillParameters) -> Flags:
    """Where a pair's own kill condition holds."""
    numbers = columns.numbers
    funding = np.asarray(funding_kills(numbers["funding_rate"], parameters))  # type: ignore[arg-type]
    cascade = np.asarray(cascade_kills(numbers["gate_cascade_probability"], parameters))  # type: ignore[arg-type]
    alarms: Flags = funding | cascade
    return alarms


def evaluation_rows(minutes: NDArray[np.int64], evaluations: int) -> NDArray[np.int64]:
    """(evaluations, minutes): rows of the last five-minute evaluations, -1 before the first minute."""
    newest = minutes - minutes % EVALUATION_MINUTES
    wanted = newest[None, :] - EVALUATION_MINUTES * np.arange(evaluations)[:, None]
    rows = np.searchsorted(minutes, wanted)
    is_there = minutes[np.minimum(rows, len(minutes) - 1)] == wanted
    found: NDArray[np.int64] = np.where(is_there, rows, -1)
    return found


def position_alarms(
    columns: DecisionColumns, bars: BarGrid, rows: NDArray[np.int64], parameters: PositionParameters
) -> Flags:
    """Where layer 2 demands an exit, or a settlement or a late bar comes.

    rows: see `evaluation_rows`.
    """
    extreme = columns.volatility_regime == VolatilityRegime.EXTREME.value
    lasting = np.all([np.where(one[:, None] >= 0, extreme[one], False) for one in rows], axis=0)
    outage = columns.numbers["data_outage_seconds"] > parameters.outage_flatten_seconds
    cascade = columns.reason == REASON_CODES.index(ReasonCode.CASCADE)
    alarms: Flags = lasting | outage | cascade | bars.has_settlement | bars.is_irregular
    return alarms


def must_stop(minutes: NDArray[np.int64]) -> Flags:
    """The first and the last minute, the first of each day (its peak begins anew), and those after a hole.

    In a stretch of five-minute bars one minute in five is decided: that is no hole.
    """
    step = np.diff(minutes, prepend=minutes[:1] - 1)
    stops: Flags = (minutes % DAY_MINUTES == 0) | (step > EVALUATION_MINUTES)
    day_changes = np.diff(minutes // DAY_MINUTES, prepend=minutes[:1] // DAY_MINUTES) != 0
    stops |= day_changes
    stops[0] = stops[-1] = True
    return stops


def grids(columns: DecisionColumns, bars: BarGrid, minutes: NDArray[np.int64], rules: Rules) -> Grids:
    """What the compiled loop reads. Marks that did not come in a minute cannot touch a barrier."""
    mark_open, mark_high, mark_low, _ = bars.marked
    evaluations = evaluation_rows(minutes, rules.positions.extreme_evaluations)
    return Grids(
        key=columns.key,
        entries_allowed=columns.entries_allowed,
        is_alarmed=position_alarms(columns, bars, evaluations, rules.positions),
        is_kill_due=kill_alarms(columns, rules.risk.kill),
        mark_open=mark_open,
        mark_high=mark_high,
        mark_low=mark_low,
        mark_price=bars.mark_price,
        is_stale=bars.is_stale,
        strengths=strengths(columns),
        must_stop=must_stop(minutes),
    )
