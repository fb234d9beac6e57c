"""The signals of a backtest for layer 4, with the last exit of their pair, source and side."""

from dataclasses import fields
from datetime import datetime
from typing import Final

from hydra.backtest.columns import SIGNAL_SIDES, SIGNAL_SOURCES, DecisionColumns
from hydra.backtest.simulation_log import LastExit
from hydra.domain import SignalSource
from hydra.trading.decision_rows import ScoredSignal

_KNOWN_LATER: Final = ("minutes_since_exit", "stopped_out")
_OF_A_SIGNAL: Final = tuple(one.name for one in fields(ScoredSignal) if one.name not in _KNOWN_LATER)


class ScoredSignals:
    """Signals by pair-minute. exits: by (column, key), in the order of time; the simulator appends."""

    def __init__(self, columns: DecisionColumns, exits: dict[tuple[int, int], list[LastExit]]) -> None:
        self._columns = columns
        self._exits = exits
        self._signals = columns.scored.select(_OF_A_SIGNAL)
        self._strengths = columns.scored["thesis_strength"]

    def chosen(self, row: int, column: int, time: datetime) -> ScoredSignal:
        """The chosen signal of a pair-minute, with the last exit of its pair, source, side before `time`."""
        exits = self._exits.get((column, self._columns.key.item(row, column)), [])
        last = next((one for one in reversed(exits) if one.time <= time), None)
        return ScoredSignal(
            **self._signals.row(self._columns.chosen.item(row, column), named=True),
            minutes_since_exit=None if last is None else (time - last.time).total_seconds() / 60,
            stopped_out=last is not None and last.stopped_out,
        )

    def strength(self, row: int, column: int) -> float:
        """The thesis strength of a pair-minute's chosen signal."""
        strength: float = self._strengths[self._columns.chosen.item(row, column)]
        return strength

    def alone(self, index: int) -> ScoredSignal:
        """A signal of `DecisionColumns.scored`, as if nothing had been traded before."""
        return ScoredSignal(
            **self._signals.row(index, named=True), minutes_since_exit=None, stopped_out=False
        )

    def best(self, row: int, column: int) -> ScoredSignal | None:
        """The best signal of a pair-minute without a chosen one; None if no generator fired."""
        own = [self.alone(index) for index in self._columns.signals_of(row, column)]
        return min(own, key=lambda one: (-one.score, one.source), default=None)


def key_of(source: SignalSource, direction: int) -> int:
    """See `DecisionColumns`."""
    return SIGNAL_SOURCES.index(source) * SIGNAL_SIDES + (direction < 0)
