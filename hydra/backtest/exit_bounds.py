"""The open positions in the form of the compiled loop: the bounds at which an exit may be due."""

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
    """The bounds of all open positions, updated when a position changes."""

    def __init__(self, pairs: int, minutes: NDArray[np.int64], parameters: PositionParameters) -> None:
        self._minutes = minutes
        self._parameters = parameters
        self._last_rows: dict[int, int] = {}
        self.opened = ExitBounds(np.zeros(0, np.int64), np.zeros(pairs, BOUNDS))

    def put(self, column: int, position: Position, thesis: ThesisAtEntry | None) -> None:
        """Set the bounds of a pair's open position. thesis: None: its thesis is not checked."""
        is_new = column not in self._last_rows
        if is_new:
            self._last_rows[column] = row_at(self._minutes, position.max_holding_until)
        self.opened.bounds[column] = (
            position.direction,
            float(position.quantity),
            float(position.cost_basis_usd),
            float(position.stop_price),
            float(position.target_price),
            _near_liquidation(position, self._parameters.liquidation_buffer),
            STRENGTH_OF[thesis.source] if thesis else 0,
            _weakest(thesis, self._parameters.thesis_floor),
            self._last_rows[column],
        )
        if is_new:
            self._list()

    def remove(self, column: int) -> None:
        """Remove a pair whose position is closed."""
        if self._last_rows.pop(column, None) is not None:
            self._list()

    def _list(self) -> None:
        self.opened = self.opened._replace(columns=np.array(sorted(self._last_rows), np.int64))


def row_at(minutes: NDArray[np.int64], time: datetime) -> int:
    """The first row whose minute is `time` or later."""
    # With a float, numpy would convert the whole array first.
    return int(np.searchsorted(minutes, math.ceil(time.timestamp() / MINUTE_SECONDS)))


def _weakest(thesis: ThesisAtEntry | None, floor: float) -> float:
    """The strength below which the thesis breaks: never without a thesis, always if it was <= 0 at entry."""
    if thesis is None:
        return -np.inf
    return thesis.strength * floor if thesis.strength > 0 else np.inf


def _near_liquidation(position: Position, buffer: float) -> float:
    """The mark price from which `liquidation_is_near` holds; 0: never."""
    liquidation = float(position.liquidation_price)
    if liquidation <= 0:
        return 0.0
    return liquidation + position.direction * abs(float(position.entry_price) - liquidation) * buffer
