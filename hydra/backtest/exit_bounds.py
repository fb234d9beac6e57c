"""Open positions as the compiled loop reads them: what bounds each, and where its holding time ends."""

import math
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from hydra.backtest.exit_triggers import STRENGTH_OF
from hydra.backtest.skip_quiet_minutes import BOUNDS, ExitBounds
from hydra.durations import MINUTE_SECONDS
from hydra.layers.positions import PositionParameters
from hydra.trading.pair_state import Position
from hydra.trading.position_checks import ThesisAtEntry


class ExitBoundsTable:
    """The open positions of a market's pairs, kept as they change."""

    def __init__(self, pairs: int, minutes: NDArray[np.int64], parameters: PositionParameters) -> None:
        self._minutes = minutes
        self._parameters = parameters
        self._last_rows: dict[int, int] = {}
        self.book = ExitBounds(np.zeros(0, np.int64), np.zeros(pairs, BOUNDS))

    def put(self, column: int, position: Position, bet: ThesisAtEntry | None) -> None:
        """Store the bounds of a pair's open position. bet: its thesis at entry; None: not checked."""
        is_new = column not in self._last_rows
        if is_new:
            self._last_rows[column] = row_at(self._minutes, position.max_holding_until)
        self.book.bounds[column] = (
            position.direction,
            float(position.quantity),
            float(position.cost_basis_usd),
            float(position.stop_price),
            float(position.target_price),
            _near_liquidation(position, self._parameters.liquidation_buffer),
            STRENGTH_OF[bet.source] if bet else 0,
            _weakest(bet, self._parameters.thesis_floor),
            self._last_rows[column],
        )
        if is_new:
            self._list()

    def remove(self, column: int) -> None:
        """Remove a pair whose position is closed."""
        if self._last_rows.pop(column, None) is not None:
            self._list()

    def _list(self) -> None:
        self.book = self.book._replace(columns=np.array(sorted(self._last_rows), np.int64))


def row_at(minutes: NDArray[np.int64], time: datetime) -> int:
    """The first row whose minute is at `time` or later."""
    # An integer: with a float, numpy would first convert the whole array.
    return int(np.searchsorted(minutes, math.ceil(time.timestamp() / MINUTE_SECONDS)))


def _weakest(bet: ThesisAtEntry | None, floor: float) -> float:
    """The thesis breaks below this: never without a thesis, always if its strength at entry was <= 0."""
    if bet is None:
        return -np.inf
    return bet.strength * floor if bet.strength > 0 else np.inf


def _near_liquidation(position: Position, buffer: float) -> float:
    """The mark price at which `liquidation_is_near` begins to hold; 0: out of reach."""
    liquidation = float(position.liquidation_price)
    if liquidation <= 0:
        return 0.0
    return liquidation + position.direction * abs(float(position.entry_price) - liquidation) * buffer
