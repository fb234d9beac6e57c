"""The compiled loop: from minute to minute until something can happen to the portfolio.

It decides nothing. It stops wherever a rule might have something to say (bounds are drawn a little wide), and
the rules themselves then play that minute; a test holds its results equal to those of playing every minute.
Where it passes a signal over, it notes which gate was shut.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from hydra.compiled import compiled_function, stamp_of
from hydra.domain import ReasonCode
from hydra.layers import layer4_risk
from hydra.layers.layer4_risk import ENTRY_GATES

_P = ParamSpec("_P")
_R = TypeVar("_R")

NONE_PASSED_OVER: Final = -1
"""No signal was passed over in this cell."""

_POSITION_EXISTS: Final = ENTRY_GATES.index(ReasonCode.POSITION_EXISTS)
_COOLDOWN: Final = ENTRY_GATES.index(ReasonCode.COOLDOWN)
_MAX_POSITIONS: Final = ENTRY_GATES.index(ReasonCode.MAX_POSITIONS)
_NOT_TRADABLE: Final = ENTRY_GATES.index(ReasonCode.NOT_TRADABLE)

# Wide enough for the difference between binary and decimal arithmetic, far too narrow to matter.
_WIDE: Final = 1e-9

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


# The places of the gates are constants of the machine code.
_STAMP: Final = stamp_of([Path(__file__), Path(layer4_risk.__file__)])


def _compiled(function: Callable[_P, _R]) -> Callable[_P, _R]:
    return compiled_function(function, _STAMP)


class Grids(NamedTuple):
    """What the loop reads of the market, all (minutes, pairs) but `must_stop` (minutes).

    key: of the chosen signal, -1 none. is_alarmed: layer 2 demands that a position be closed, or a settlement
    or a late bar is due. is_kill_due: a kill condition of the pair holds. strengths: (4, minutes, pairs):
    what theses rest on, for a long. must_stop: minutes that are played in any case.
    """

    key: NDArray[np.int8]
    entries_allowed: Flags
    is_alarmed: Flags
    is_kill_due: Flags
    mark_open: Floats
    mark_high: Floats
    mark_low: Floats
    mark_price: Floats
    strengths: Floats
    must_stop: Flags


class OpenBook(NamedTuple):
    """The open positions, one element each, and what bounds them. Prices in quote units; unreachable: 0.

    near_liquidation: the mark price at which what is left to the liquidation gets too little.
    strength: row of `Grids.strengths`. weakest: the thesis breaks below it.
    last_row: the row at which the holding time ends.
    """

    column: NDArray[np.int64]
    direction: Floats
    quantity: Floats
    entry_price: Floats
    stop_price: Floats
    target_price: Floats
    near_liquidation: Floats
    strength: NDArray[np.int64]
    weakest: Floats
    last_row: NDArray[np.int64]


class Limits(NamedTuple):
    """What bounds entries. free_row: (pairs, keys), the first row after the cool-down.

    is_full: no further position may be opened. cash_usd, day_peak_usd: as they stand now.
    """

    is_held: Flags
    is_killed: Flags
    free_row: NDArray[np.int64]
    is_full: bool
    cash_usd: float
    day_peak_usd: float
    daily_drawdown: float


class Paths(NamedTuple):
    """What the loop writes of the minutes that it passes.

    gate: which one was shut on a signal. The others: the open positions at mark, in USDT: their profit, their
    notional, and what their stops would lose.
    """

    gate: NDArray[np.int8]
    unrealised_usd: Floats
    exposure_usd: Floats
    heat_usd: Floats


@_compiled
def next_minute(start: int, grids: Grids, book: OpenBook, limits: Limits, paths: Paths) -> tuple[int, int]:
    """(first row from `start` on that has to be played, the passed row of the highest equity or -1)."""
    rows, _pairs = grids.key.shape
    best_row, best_usd = -1, -np.inf
    day_peak_usd = limits.day_peak_usd
    for row in range(start, rows):
        if (
            grids.must_stop[row]
            or _something_happens(row, grids, book)
            or _kill_is_due(row, grids, limits)
            or _next_open(row, 0, grids, limits) >= 0
        ):
            return row, best_row
        unrealised_usd, exposure_usd, heat_usd = _at_mark(row, grids, book)
        equity_usd = limits.cash_usd + unrealised_usd
        day_peak_usd = max(day_peak_usd, equity_usd)
        if equity_usd < day_peak_usd * (1.0 - limits.daily_drawdown + _WIDE):
            return row, best_row
        paths.unrealised_usd[row] = unrealised_usd
        paths.exposure_usd[row] = exposure_usd
        paths.heat_usd[row] = heat_usd
        _pass_over(row, grids, limits, paths)
        if equity_usd > best_usd:
            best_row, best_usd = row, equity_usd
    return rows, best_row


@_compiled
def next_event(start: int, grids: Grids, book: OpenBook) -> int:
    """The first row from `start` on at which something can happen to a position; the end if there is none."""
    rows: int = grids.key.shape[0]
    for row in range(start, rows):
        if _something_happens(row, grids, book):
            return row
    return rows


@_compiled
def open_signals(row: int, grids: Grids, limits: Limits, paths: Paths) -> Flags:
    """(pairs,): signals of a minute that find no gate shut that is known here; the others are passed over."""
    found = np.zeros(grids.key.shape[1], np.bool_)
    _pass_over(row, grids, limits, paths)
    column = _next_open(row, 0, grids, limits)
    while column >= 0:
        found[column] = True
        paths.gate[row, column] = NONE_PASSED_OVER
        column = _next_open(row, column + 1, grids, limits)
    return found


@_compiled
def _something_happens(row: int, grids: Grids, book: OpenBook) -> bool:
    """A position may be stopped, paid, checked out of the market."""
    for k in range(len(book.column)):
        column, direction = book.column[k], book.direction[k]
        if row >= book.last_row[k] or grids.is_alarmed[row, column]:
            return True
        adverse = grids.mark_low[row, column] if direction > 0 else grids.mark_high[row, column]
        favourable = grids.mark_high[row, column] if direction > 0 else grids.mark_low[row, column]
        if (
            direction * (adverse - book.stop_price[k]) <= 0
            or direction * (favourable - book.target_price[k]) >= 0
        ):
            return True
        if book.near_liquidation[k] > 0:
            worst = min(
                direction * (grids.mark_open[row, column] - book.near_liquidation[k]),
                direction * (grids.mark_price[row, column] - book.near_liquidation[k]),
            )
            if worst <= _WIDE * book.entry_price[k]:
                return True
        if direction * grids.strengths[book.strength[k], row, column] < book.weakest[k] * (1.0 + _WIDE):
            return True
    return False


@_compiled
def _kill_is_due(row: int, grids: Grids, limits: Limits) -> bool:
    """A kill condition holds for a pair that no kill switch stops yet."""
    for column in range(grids.key.shape[1]):
        if grids.is_kill_due[row, column] and not limits.is_killed[column]:
            return True
    return False


@_compiled
def _next_open(row: int, begin: int, grids: Grids, limits: Limits) -> int:
    """The first pair from `begin` on whose signal finds no gate shut that this loop knows of; -1: none.

    All pairs in one call: a call a pair would cost a hundred times what it does.
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
def _pass_over(row: int, grids: Grids, limits: Limits, paths: Paths) -> None:
    """Note the first gate that is shut on every signal of the minute, in the order of the gates."""
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
def _at_mark(row: int, grids: Grids, book: OpenBook) -> tuple[float, float, float]:
    """The open positions at their marks (entry prices where none is known); see `Paths`."""
    unrealised, exposure, heat = 0.0, 0.0, 0.0
    for k in range(len(book.column)):
        mark = grids.mark_price[row, book.column[k]]
        if np.isnan(mark):
            mark = book.entry_price[k]
        held = book.direction[k] * book.quantity[k]
        unrealised += held * (mark - book.entry_price[k])
        exposure += book.quantity[k] * mark
        heat += max(held * (mark - book.stop_price[k]), 0.0)
    return unrealised, exposure, heat
