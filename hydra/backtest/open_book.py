"""Open positions as the compiled loop reads them: what bounds each, and where its holding time ends."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hydra.backtest.alarms import STRENGTH_OF
from hydra.backtest.next_minute import OpenBook
from hydra.layers.positions import PositionParameters
from hydra.trading.holdings import Position
from hydra.trading.position_checks import Bet

_SECONDS_PER_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class BookEntry:
    """An open position, the column of its pair, and what it bets on (None: its thesis is not checked)."""

    column: int
    position: Position
    bet: Bet | None


def open_book(
    entries: Sequence[BookEntry], minutes: NDArray[np.int64], parameters: PositionParameters
) -> OpenBook:
    """The book of `entries` on the grid of decided `minutes`."""
    opened = [entry.position for entry in entries]
    return OpenBook(
        column=np.array([entry.column for entry in entries], np.int64),
        direction=np.array([one.direction for one in opened], np.float64),
        quantity=np.array([float(one.quantity) for one in opened]),
        entry_price=np.array([float(one.entry_price) for one in opened]),
        stop_price=np.array([float(one.stop_price) for one in opened]),
        target_price=np.array([float(one.target_price) for one in opened]),
        near_liquidation=np.array([_near_liquidation(one, parameters.liquidation_buffer) for one in opened]),
        strength=np.array([STRENGTH_OF[entry.bet.source] if entry.bet else 0 for entry in entries], np.int64),
        weakest=np.array([_weakest(entry.bet, parameters.thesis_floor) for entry in entries]),
        last_row=np.array([row_at(minutes, one.max_holding_until) for one in opened], np.int64),
    )


def row_at(minutes: NDArray[np.int64], time: datetime) -> int:
    """The first row whose minute is at `time` or later."""
    # A whole number: by a fraction, numpy would turn all minutes into fractions first.
    return int(np.searchsorted(minutes, math.ceil(time.timestamp() / _SECONDS_PER_MINUTE)))


def _weakest(bet: Bet | None, floor: float) -> float:
    """Below it the thesis is broken: of no bet never, of one that was never strong always."""
    if bet is None:
        return -np.inf
    return bet.strength * floor if bet.strength > 0 else np.inf


def _near_liquidation(position: Position, buffer: float) -> float:
    """The mark price at which `liquidation_is_near` begins to hold; 0: out of reach."""
    liquidation = float(position.liquidation_price)
    if liquidation <= 0:
        return 0.0
    return liquidation + position.direction * abs(float(position.entry_price) - liquidation) * buffer
