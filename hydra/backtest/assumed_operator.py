"""The assumed operator of a backtest: clears the kill switch after a wait, once its cause is gone.

Without one, a backtest trades no more after the first latch. In a live run only people clear the switch.
Source: C123, C130.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final

import numpy as np

from hydra.arrays import Flags, Integers
from hydra.backtest.exit_bounds import row_at
from hydra.backtest.market import instant_of
from hydra.backtest.simulation_log import KillRecord
from hydra.domain import KillScope
from hydra.trading.kill_switch import EVERYTHING

OPERATOR: Final = "assumed operator"
"""The value of `kill_switch.cleared_by`."""


def clear_reason(hours: float) -> str:
    """The value of `kill_switch.clear_reason`."""
    return f"the cause is gone and {hours:g} h have passed (--resume-after)"


class AssumedOperator:
    """Clears the kill switches of one run.

    wait_hours: None: nothing is ever cleared. kills: of the run, in the order of latching; a cleared one is
    replaced by a copy with its cleared_row.
    """

    def __init__(
        self, wait_hours: float | None, minutes: Integers, ids: tuple[int, ...], kills: list[KillRecord]
    ) -> None:
        self._wait = None if wait_hours is None else timedelta(hours=wait_hours)
        self._minutes = minutes
        self._ids = ids
        self._kills = kills

    @property
    def next_row(self) -> int:
        """The first row at which a switch may be cleared; the number of rows if there is none."""
        due = (self._due_row(one) for one in self._kills if one.cleared_row is None)
        return min(due, default=len(self._minutes))

    def clear(self, row: int, pair_causes: Flags, *, is_too_deep: bool) -> set[int]:
        """After the decisions of `row`, clear what is due and whose cause is gone; returns what was stopped.

        pair_causes: (pairs,), where a kill condition of the pair holds. is_too_deep: the drawdown condition.
        """
        cleared = set[int]()
        for place, one in enumerate(self._kills):
            if one.cleared_row is not None or row < self._due_row(one):
                continue
            is_of_pair = one.kill.scope is KillScope.PAIR
            holds = bool(pair_causes[one.column]) if is_of_pair else is_too_deep or bool(np.any(pair_causes))
            if not holds:
                self._kills[place] = replace(one, cleared_row=row)
                cleared.add(self._ids[one.column] if is_of_pair else EVERYTHING)
        return cleared

    def _due_row(self, one: KillRecord) -> int:
        if self._wait is None:
            return len(self._minutes)
        return row_at(self._minutes, instant_of(int(self._minutes[one.row])) + self._wait)
