"""The compiled loop: skips the minutes in which nothing can happen to the portfolio.

It decides nothing. It stops wherever a rule might act (its bounds are slightly wide), and the rules then play
that minute; a test compares the result with playing every minute. For every signal that it skips, it records
which gate stopped it.
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

NONE_PASSED_OVER: Final = -1
"""No signal was skipped in this pair-minute."""

_POSITION_EXISTS: Final = ENTRY_GATES.index(ReasonCode.POSITION_EXISTS)
_COOLDOWN: Final = ENTRY_GATES.index(ReasonCode.COOLDOWN)
_MAX_POSITIONS: Final = ENTRY_GATES.index(ReasonCode.MAX_POSITIONS)
_NOT_TRADABLE: Final = ENTRY_GATES.index(ReasonCode.NOT_TRADABLE)

# Wide enough for the difference between binary and decimal arithmetic, far too narrow to matter.
_WIDE: Final = 1e-9


# The places of the gates are constants of the machine code.
_STAMP: Final = stamp_of([Path(__file__), Path(layer4_risk.__file__)])


def _compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    return compiled_function(function, _STAMP)


class Grids(NamedTuple):
    """What the loop reads of the market, all (minutes, pairs) but `must_stop` (minutes).

    key: of the chosen signal, -1 none. is_alarmed: layer 2 demands that a position be closed, or a settlement
    or a late bar is due. is_stale: the price is older than five minutes (C132). is_kill_due: a kill condition
    of the pair holds. strengths: (theses, minutes, pairs), what theses rest on, for a long. must_stop:
    minutes that are played in any case.
    """

    key: NDArray[np.int8]
    entries_allowed: Flags
    is_alarmed: Flags
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
"""An open position and what bounds it. Prices in quote units; unreachable: 0.

near_liquidation: the mark price at which what is left to the liquidation gets too little.
strength: row of `Grids.strengths`. weakest: the thesis breaks below it.
last_row: the row at which the holding time ends.
"""


class ExitBounds(NamedTuple):
    """The open positions. columns: the pairs that hold one; bounds: BOUNDS by pair, valid for these."""

    columns: NDArray[np.int64]
    bounds: NDArray[np.void]


class Limits(NamedTuple):
    """Limits on entries. free_row: (pairs, keys), the first row after the cool-down.

    is_full: no further position may be opened. wake_row: from it on every row is played. cash_usd,
    day_peak_usd: as they stand now.
    """

    is_held: Flags
    is_killed: Flags
    free_row: NDArray[np.int64]
    is_full: bool
    wake_row: int
    cash_usd: float
    day_peak_usd: float
    daily_drawdown: float


class LeapLog(NamedTuple):
    """What the loop writes, per minute.

    gate: (minutes, pairs), the gate that stopped a skipped signal. The others describe the open positions at
    mark, in USDT: their profit, their notional, the loss at their stops; and how many of the marks are stale.
    """

    gate: NDArray[np.int8]
    unrealised_usd: Floats
    exposure_usd: Floats
    heat_usd: Floats
    stale: NDArray[np.int16]


class Leap(NamedTuple):
    """Where a leap ends: the row to play, and of the skipped rows the one with the highest equity.

    best_row -1, best_usd minus infinity: no row was passed.
    """

    row: int
    best_row: int
    best_usd: float


@_compiled
def next_busy_minute(
    start: int,
    grids: Grids,
    book: ExitBounds,
    limits: Limits,
    paths: LeapLog,
    may_exit: Flags,
    has_order: bool,
) -> Leap:
    """The first row from `start` on that has to be played: `start` itself while an order works.

    may_exit: (pairs,), set where something can happen to an open position in that row, else cleared.
    """
    rows, _pairs = grids.key.shape
    best_row, best_usd = -1, -np.inf
    day_peak_usd = limits.day_peak_usd
    may_exit[:] = False
    for row in range(start, rows):
        if (
            _may_exit(row, grids, book, may_exit)
            or has_order
            or grids.must_stop[row]
            or row >= limits.wake_row
            or _kill_is_due(row, grids, limits)
            or _next_open(row, 0, grids, limits) >= 0
        ):
            return Leap(row, best_row, best_usd)
        unrealised_usd, exposure_usd, heat_usd, stale = _at_mark(row, grids, book)
        equity_usd = limits.cash_usd + unrealised_usd
        day_peak_usd = max(day_peak_usd, equity_usd)
        if equity_usd < day_peak_usd * (1.0 - limits.daily_drawdown + _WIDE):
            return Leap(row, best_row, best_usd)
        paths.unrealised_usd[row] = unrealised_usd
        paths.exposure_usd[row] = exposure_usd
        paths.heat_usd[row] = heat_usd
        paths.stale[row] = stale
        _pass_over(row, grids, limits, paths)
        if equity_usd > best_usd:
            best_row, best_usd = row, equity_usd
    return Leap(rows, best_row, best_usd)


@_compiled
def next_event(start: int, grids: Grids, book: ExitBounds, may_exit: Flags) -> int:
    """The first row from `start` on at which something can happen to a position; the end if there is none."""
    rows: int = grids.key.shape[0]
    for row in range(start, rows):
        if _may_exit(row, grids, book, may_exit):
            return row
    return rows


@_compiled
def open_signals(
    row: int, grids: Grids, book: ExitBounds, limits: Limits, paths: LeapLog, may_exit: Flags, found: Flags
) -> bool:
    """Whether a signal of the minute passes all gates known here; the other signals are skipped.

    found: (pairs,), set where one does, else cleared. may_exit: as in `next_busy_minute`, for the positions
    as they are now. The open positions at mark are written to `paths`.
    """
    may_exit[:] = False
    _may_exit(row, grids, book, may_exit)
    unrealised_usd, exposure_usd, heat_usd, stale = _at_mark(row, grids, book)
    paths.unrealised_usd[row], paths.exposure_usd[row] = unrealised_usd, exposure_usd
    paths.heat_usd[row], paths.stale[row] = heat_usd, stale
    found[:] = False
    _pass_over(row, grids, limits, paths)
    column = _next_open(row, 0, grids, limits)
    is_open: bool = column >= 0
    while column >= 0:
        found[column] = True
        paths.gate[row, column] = NONE_PASSED_OVER
        column = _next_open(row, column + 1, grids, limits)
    return is_open


@_compiled
def _may_exit(row: int, grids: Grids, book: ExitBounds, may_exit: Flags) -> bool:
    """Set `may_exit` where a position may be stopped, get funding or fail a check; true if any is set."""
    is_any = False
    for k in range(len(book.columns)):
        column = book.columns[k]
        own = book.bounds[column]
        direction = own.direction
        adverse = grids.mark_low[row, column] if direction > 0 else grids.mark_high[row, column]
        favourable = grids.mark_high[row, column] if direction > 0 else grids.mark_low[row, column]
        is_touched = (
            row >= own.last_row
            or grids.is_alarmed[row, column]
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
def _kill_is_due(row: int, grids: Grids, limits: Limits) -> bool:
    """A kill condition holds for a pair that no kill switch stops yet."""
    for column in range(grids.key.shape[1]):
        if grids.is_kill_due[row, column] and not limits.is_killed[column]:
            return True
    return False


@_compiled
def _next_open(row: int, begin: int, grids: Grids, limits: Limits) -> int:
    """The first pair from `begin` on whose signal passes all gates known here; -1: none.

    One call for all pairs: a call per pair would take a hundred times as long.
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
def _pass_over(row: int, grids: Grids, limits: Limits, paths: LeapLog) -> None:
    """Record for every signal of the minute the first gate that stops it."""
    for column in range(grids.key.shape[1]):
        key = grids.key[row, column]
        if key < 0 or limits.is_killed[column]:
            continue
        if not grids.entries_allowed[row, column]:
            paths.gate[row, column] = _NOT_TRADABLE
        elif limits.is_held[column]:
            paths.gate[row, column] = _POSITION_EXISTS
        elif row < limits.free_row[column, key]:
            paths.gate[row, column] = _COOLDOWN
        else:
            paths.gate[row, column] = _MAX_POSITIONS


@_compiled
def _at_mark(row: int, grids: Grids, book: ExitBounds) -> tuple[float, float, float, int]:
    """The open positions at their last known marks, however old (C132); see `LeapLog`."""
    unrealised, exposure, heat, stale = 0.0, 0.0, 0.0, 0
    for k in range(len(book.columns)):
        column = book.columns[k]
        own = book.bounds[column]
        mark = grids.mark_price[row, column]
        value = own.quantity * mark
        unrealised += own.direction * (value - own.cost_basis_usd)
        exposure += value
        heat += max(own.direction * own.quantity * (mark - own.stop_price), 0.0)
        stale += int(grids.is_stale[row, column])
    return unrealised, exposure, heat, stale
