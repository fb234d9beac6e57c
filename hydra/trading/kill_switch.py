"""The kill switch of a run: read, latch and clear its rows.

While it is latched, layer 4 refuses every entry and positions are closed; the run continues. A condition of
`hydra.layers.layer4_kill` or an operator (`kill_by_hand`) latches it. Only an operator clears it, with a
reason.
Source: docs/architecture.md, law 4; docs/practice.md, "Position management" (4); C20, C123, C130.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.db import queries
from hydra.domain import KillScope

EVERYTHING: Final = 0
"""In the place of an instrument id: the whole portfolio."""


@dataclass(frozen=True, slots=True)
class StoppedPairs:
    """The instruments that kill switches stop, or EVERYTHING."""

    instrument_ids: frozenset[int]

    def stops(self, instrument_id: int) -> bool:
        """True if the pair may not be traded."""
        return EVERYTHING in self.instrument_ids or instrument_id in self.instrument_ids


@dataclass(frozen=True)
class LatchedSwitch:
    """A latched kill switch. symbol: None for the whole portfolio. latched_time: on the run's clock."""

    kill_id: int
    scope: str
    symbol: str | None
    latched_time: datetime
    cause: str
    numbers: Mapping[str, Any]

    @property
    def words(self) -> str:
        """What it stops, since when and why."""
        what = self.symbol or "the whole portfolio"
        return f"{what}, latched {self.latched_time:%Y-%m-%d %H:%M} UTC: {self.cause}"


def read_kills(connection: psycopg.Connection, run_id: int) -> StoppedPairs:
    """The pairs that the kill switches of a run stop now."""
    rows = connection.execute(queries.load("stages/latched_kills"), {"run_id": run_id}).fetchall()
    return StoppedPairs(frozenset(row[0] for row in rows))


def read_latched(connection: psycopg.Connection, run_id: int) -> list[LatchedSwitch]:
    """The latched switches of a run, oldest first; their rows stay locked until the transaction ends."""
    with connection.cursor(row_factory=class_row(LatchedSwitch)) as cursor:
        return cursor.execute(queries.load("stages/latched"), {"run_id": run_id}).fetchall()


def latch(  # the columns of a row of hydra.kill_switch
    connection: psycopg.Connection,
    run_id: int,
    time: datetime,
    instrument_id: int | None,
    cause: str,
    numbers: Mapping[str, Any],
) -> int | None:
    """Latch the switch of a run (instrument_id None) or of one pair; returns its kill_id.

    None: it was latched already and keeps its first cause.
    """
    values = {
        "run_id": run_id,
        "scope": (KillScope.PORTFOLIO if instrument_id is None else KillScope.PAIR).value,
        "instrument_id": instrument_id,
        "time": time,
        "cause": cause,
        "numbers": Jsonb(dict(numbers)),
    }
    row = connection.execute(queries.load("stages/latch"), values).fetchone()
    return None if row is None else int(row[0])


def clear(  # the columns of a row of hydra.kill_switch
    connection: psycopg.Connection,
    kill_ids: Sequence[int],
    time: datetime,
    by: str,
    reason: str,
    state: str | None,
) -> None:
    """Clear switches at `time` on the run's clock. state: how far that minute had come."""
    values = {"kill_ids": list(kill_ids), "time": time, "by": by, "reason": reason, "state": state}
    connection.execute(queries.load("stages/clear"), values)
