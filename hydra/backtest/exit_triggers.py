"""The minutes in which layer 2, the kill switch or a thesis may close an open position, in columns.

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
from hydra.durations import DAY_MINUTES, MINUTE
from hydra.layers.layer3_signals import GENERATORS
from hydra.layers.layer4_kill import KillParameters, cascade_kills, funding_kills
from hydra.layers.positions import PositionParameters
from hydra.trading.parameters import Rules
from hydra.trading.position_checks import EVALUATION_LENGTH

EVALUATION_MINUTES: Final = EVALUATION_LENGTH // MINUTE

THESES: Final = tuple(dict.fromkeys(generator.thesis for generator in GENERATORS.values()))
STRENGTH_OF: Final = {source: THESES.index(generator.thesis) for source, generator in GENERATORS.items()}
"""Row of `strengths` by source. Several generators may share a thesis."""


def strengths(columns: DecisionColumns) -> Floats:
    """(theses, minutes, pairs): the strength of each of THESES for a long, NaN where unknown."""
    return np.stack([thesis.strength(1, columns.numbers[thesis.column]) for thesis in THESES])


def kill_triggers(columns: DecisionColumns, parameters: KillParameters) -> Flags:
    """True where a kill condition of the pair holds."""
    numbers = columns.numbers
    funding = np.asarray(funding_kills(numbers["funding_rate"], parameters))  # type: ignore[arg-type]
    cascade = np.asarray(cascade_kills(numbers["gate_cascade_probability"], parameters))  # type: ignore[arg-type]
    triggers: Flags = funding | cascade
    return triggers


def evaluation_rows(minutes: NDArray[np.int64], evaluations: int) -> NDArray[np.int64]:
    """(evaluations, minutes): rows of the last five-minute evaluations, -1 before the first minute."""
    newest = minutes - minutes % EVALUATION_MINUTES
    wanted = newest[None, :] - EVALUATION_MINUTES * np.arange(evaluations)[:, None]
    rows = np.searchsorted(minutes, wanted)
    is_there = minutes[np.minimum(rows, len(minutes) - 1)] == wanted
    found: NDArray[np.int64] = np.where(is_there, rows, -1)
    return found


def position_triggers(
    columns: DecisionColumns, bars: BarGrid, rows: NDArray[np.int64], parameters: PositionParameters
) -> Flags:
    """True where layer 2 or the news demand an exit, or a settlement or a late bar arrives.

    rows: see `evaluation_rows`.
    """
    extreme = columns.volatility_regime == VolatilityRegime.EXTREME.value
    lasting = np.all([np.where(one[:, None] >= 0, extreme[one], False) for one in rows], axis=0)
    outage = columns.numbers["data_outage_seconds"] > parameters.outage_flatten_seconds
    cascade = columns.reason == REASON_CODES.index(ReasonCode.CASCADE)
    triggers: Flags = lasting | outage | cascade | bars.has_settlement | bars.is_irregular
    return triggers if columns.news is None else triggers | columns.news.demands_exit


def must_stop(minutes: NDArray[np.int64]) -> Flags:
    """True for the first and last minute, each day's first (its peak is reset), and the first after a gap.

    In a stretch of five-minute bars every fifth minute is decided; that is no gap.
    """
    step = np.diff(minutes, prepend=minutes[:1] - 1)
    stops: Flags = (minutes % DAY_MINUTES == 0) | (step > EVALUATION_MINUTES)
    day_changes = np.diff(minutes // DAY_MINUTES, prepend=minutes[:1] // DAY_MINUTES) != 0
    stops |= day_changes
    stops[0] = stops[-1] = True
    return stops


def grids(columns: DecisionColumns, bars: BarGrid, minutes: NDArray[np.int64], rules: Rules) -> Grids:
    """The inputs of the compiled loop. A minute without a mark bar cannot hit a barrier."""
    mark_open, mark_high, mark_low, _ = bars.marked
    evaluations = evaluation_rows(minutes, rules.positions.extreme_evaluations)
    return Grids(
        key=columns.key,
        entries_allowed=columns.entries_allowed,
        may_close=position_triggers(columns, bars, evaluations, rules.positions),
        is_kill_due=kill_triggers(columns, rules.risk.kill),
        mark_open=mark_open,
        mark_high=mark_high,
        mark_low=mark_low,
        mark_price=bars.mark_price,
        is_stale=bars.is_stale,
        strengths=strengths(columns),
        must_stop=must_stop(minutes),
    )
