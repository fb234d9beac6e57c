"""The compiled loop that skips the minutes in which nothing can happen to the portfolio.

It decides nothing: it stops where a rule might act, with slightly wide bounds, and the rules then play that
minute. A test compares the result with playing every minute. For a skipped signal it records the gate that
stopped it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from hydra.arrays import Flags, Floats
from hydra.compiled import compiled_function, stamp_of
from hydra.domain import ReasonCode
from hydra.layers import layer4_risk
from hydra.layers.layer4_risk import ENTRY_GATES

_P = ParamSpec("_P")
_R = TypeVar("_R")

NO_SIGNAL_SKIPPED: Final = -1
"""No signal was skipped in this pair-minute."""

_POSITION_EXISTS: Final = ENTRY_GATES.index(ReasonCode.POSITION_EXISTS)
_COOLDOWN: Final = ENTRY_GATES.index(ReasonCode.COOLDOWN)
_MAX_POSITIONS: Final = ENTRY_GATES.index(ReasonCode.MAX_POSITIONS)
_NOT_TRADABLE: Final = ENTRY_GATES.index(ReasonCode.NOT_TRADABLE)

# Larger than the difference between float and decimal arithmetic.
_WIDE: Final = 1e-9


# The machine code contains the indices of ENTRY_GATES.
_STAMP: Final = stamp_of([Path(__file__), Path(layer4_risk.__file__)])


def _compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    return compiled_function(function, _STAMP)


class Grids(NamedTuple):
    """The market as the loop reads it: (minutes, pairs) unless said otherwise.

    key: of the chosen signal, -1: none. may_close: layer 2 or the news demand an exit, or a settlement or a
    late bar arrives. is_kill_due: a kill condition of the pair holds. is_stale: the price is older than
    five minutes (C132). strengths: (theses, minutes, pairs), for a long. must_stop: (minutes), always played.
    """

    key: NDArray[np.int8]
    entries_allowed: Flags
    may_close: Flags
    is_kill_due: Flags
    mark_open: Floats
    mark_high: Floats
    mark_low: Floats
    mark_price: Floats
    is_stale: Flags
    strengths: Floats
    must_stop: Flags


BOUNDS: Final = np.dtype(
    [
        ("direction", np.float64),
        ("quantity", np.float64),
        ("cost_basis_usd", np.float64),
        ("stop_price", np.float64),
        ("target_price", np.float64),
        ("near_liquidation", np.float64),
        ("strength", np.int64),
        ("weakest", np.float64),
        ("last_row", np.int64),
    ]
)
"""An open position and the bounds of its exit checks. Prices in quote units.

near_liquidation: the mark price from which `liquidation_is_near` holds; 0: never. strength: row of
`Grids.strengths`. weakest: the thesis breaks below it. last_row: the row at which the holding time ends.
"""


class ExitBounds(NamedTuple):
    """The open positions. columns: of their pairs. bounds: BOUNDS by pair, valid for these columns."""

    columns: NDArray[np.int64]
    bounds: NDArray[np.void]


class EntryLimits(NamedTuple):
    """The limits of entries. free_row: (pairs, keys), the first row after the cool-down.

    is_full: the number of positions is at its limit. wake_row: from this row on none is skipped. cash_usd,
    day_peak_usd: current values.
    """

    is_held: Flags
    is_killed: Flags
    free_row: NDArray[np.int64]
    is_full: bool
    wake_row: int
    cash_usd: float
    day_peak_usd: float
    daily_drawdown: float


class MinuteLog(NamedTuple):
    """The log of every minute.

    gate: (minutes, pairs), index in ENTRY_GATES of the gate that stopped a skipped signal. The others, per
    minute, are of the open positions at mark: profit, notional, loss at the stops (USDT), and how many prices
    are stale.
    """

    gate: NDArray[np.int8]
    unrealised_usd: Floats
    exposure_usd: Floats
    heat_usd: Floats
    stale: NDArray[np.int16]


class SkipResult(NamedTuple):
    """The next row to play, and the skipped row with the highest equity.

    best_row -1, best_usd minus infinity: no row was skipped.
    """

    row: int
    best_row: int
    best_usd: float


@_compiled
def next_busy_minute(
    start: int,
    grids: Grids,
    opened: ExitBounds,
    limits: EntryLimits,
    log: MinuteLog,
    may_exit: Flags,
    has_order: bool,
) -> SkipResult:
    """The first row from `start` on that must be played; `start` itself while an order works.

    may_exit: (pairs,), output: True where something can happen to an open position in that row.
    """
    rows, _pairs = grids.key.shape
    best_row, best_usd = -1, -np.inf
    day_peak_usd = limits.day_peak_usd
    may_exit[:] = False
    for row in range(start, rows):
        if (
            _may_exit(row, grids, opened, may_exit)
            or has_order
            or grids.must_stop[row]
            or row >= limits.wake_row
            or _kill_is_due(row, grids, limits)
            or _next_open(row, 0, grids, limits) >= 0
        ):
            return SkipResult(row, best_row, best_usd)
        unrealised_usd, exposure_usd, heat_usd, stale = _at_mark(row, grids, opened)
        equity_usd = limits.cash_usd + unrealised_usd
        day_peak_usd = max(day_peak_usd, equity_usd)
        if equity_usd < day_peak_usd * (1.0 - limits.daily_drawdown + _WIDE):
            return SkipResult(row, best_row, best_usd)
        log.unrealised_usd[row] = unrealised_usd
        log.exposure_usd[row] = exposure_usd
        log.heat_usd[row] = heat_usd
        log.stale[row] = stale
        _record_gates(row, grids, limits, log)
        if equity_usd > best_usd:
            best_row, best_usd = row, equity_usd
    return SkipResult(rows, best_row, best_usd)


@_compiled
def next_event(start: int, grids: Grids, opened: ExitBounds, may_exit: Flags) -> int:
    """The first row from `start` on in which something can happen to a position, or the number of rows."""
    rows: int = grids.key.shape[0]
    for row in range(start, rows):
        if _may_exit(row, grids, opened, may_exit):
            return row
    return rows


@_compiled
def open_signals(
    row: int,
    grids: Grids,
    opened: ExitBounds,
    limits: EntryLimits,
    log: MinuteLog,
    may_exit: Flags,
    found: Flags,
) -> bool:
    """True if a signal of the minute passes all gates known here. Writes the minute to `log`.

    found: (pairs,), output: True where a signal passes. may_exit: as in `next_busy_minute`.
    """
    may_exit[:] = False
    _may_exit(row, grids, opened, may_exit)
    unrealised_usd, exposure_usd, heat_usd, stale = _at_mark(row, grids, opened)
    log.unrealised_usd[row], log.exposure_usd[row] = unrealised_usd, exposure_usd
    log.heat_usd[row], log.stale[row] = heat_usd, stale
    found[:] = False
    _record_gates(row, grids, limits, log)
    column = _next_open(row, 0, grids, limits)
    is_open: bool = column >= 0
    while column >= 0:
        found[column] = True
        log.gate[row, column] = NO_SIGNAL_SKIPPED
        column = _next_open(row, column + 1, grids, limits)
    return is_open


@_compiled
def _may_exit(row: int, grids: Grids, opened: ExitBounds, may_exit: Flags) -> bool:
    """Set `may_exit` where a position may hit a barrier, get funding or fail a check; True if any is set."""
    is_any = False
    for k in range(len(opened.columns)):
        column = opened.columns[k]
        own = opened.bounds[column]
        direction = own.direction
        adverse = grids.mark_low[row, column] if direction > 0 else grids.mark_high[row, column]
        favourable = grids.mark_high[row, column] if direction > 0 else grids.mark_low[row, column]
        is_touched = (
            row >= own.last_row
            or grids.may_close[row, column]
            or direction * (adverse - own.stop_price) <= 0
            or direction * (favourable - own.target_price) >= 0
        )
        if own.near_liquidation > 0:
            worst = min(
                direction * (grids.mark_open[row, column] - own.near_liquidation),
                direction * (grids.mark_price[row, column] - own.near_liquidation),
            )
            is_touched |= worst <= _WIDE * own.near_liquidation
        strength = direction * grids.strengths[own.strength, row, column]
        is_touched |= strength < own.weakest * (1.0 + _WIDE)
        may_exit[column] = is_touched
        is_any |= is_touched
    return is_any


@_compiled
def _kill_is_due(row: int, grids: Grids, limits: EntryLimits) -> bool:
    """True if a kill condition holds for a pair that is not stopped yet."""
    for column in range(grids.key.shape[1]):
        if grids.is_kill_due[row, column] and not limits.is_killed[column]:
            return True
    return False


@_compiled
def _next_open(row: int, begin: int, grids: Grids, limits: EntryLimits) -> int:
    """The first column from `begin` on whose signal passes all gates known here; -1: none.

    It loops over the pairs itself: a call per pair would take a hundred times as long.
    """
    if limits.is_full:
        return -1
    for column in range(begin, grids.key.shape[1]):
        key = grids.key[row, column]
        if key < 0 or not grids.entries_allowed[row, column]:
            continue
        if limits.is_held[column] or limits.is_killed[column]:
            continue
        if row >= limits.free_row[column, key]:
            return column
    return -1


@_compiled
def _record_gates(row: int, grids: Grids, limits: EntryLimits, log: MinuteLog) -> None:
    """Record the first gate that stops each signal of the minute."""
    for column in range(grids.key.shape[1]):
        key = grids.key[row, column]
        if key < 0 or limits.is_killed[column]:
            continue
        if not grids.entries_allowed[row, column]:
            log.gate[row, column] = _NOT_TRADABLE
        elif limits.is_held[column]:
            log.gate[row, column] = _POSITION_EXISTS
        elif row < limits.free_row[column, key]:
            log.gate[row, column] = _COOLDOWN
        else:
            log.gate[row, column] = _MAX_POSITIONS


@_compiled
def _at_mark(row: int, grids: Grids, opened: ExitBounds) -> tuple[float, float, float, int]:
    """The open positions at their last known marks, of any age (C132); see `MinuteLog`."""
    unrealised, exposure, heat, stale = 0.0, 0.0, 0.0, 0
    for k in range(len(opened.columns)):
        column = opened.columns[k]
        own = opened.bounds[column]
        mark = grids.mark_price[row, column]
        value = own.quantity * mark
        unrealised += own.direction * (value - own.cost_basis_usd)
        exposure += value
        heat += max(own.direction * own.quantity * (mark - own.stop_price), 0.0)
        stale += int(grids.is_stale[row, column])
    return unrealised, exposure, heat, stale
