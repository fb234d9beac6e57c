"""The kill switch of a run: its rows, what is latched, latching it, and clearing it.

While it is latched layer 4 refuses every entry and the positions are closed; the run goes on recording. The
rule of `hydra.layers.layer4_kill` or an operator (`kill_by_hand`) latches it; only an operator with a reason
clears it.
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
"""Stands for the whole portfolio among instruments."""


@dataclass(frozen=True, slots=True)
class LatchedKills:
    """What is stopped: EVERYTHING, or some instruments."""

    instrument_ids: frozenset[int]

    def stops(self, instrument_id: int) -> bool:
        """The pair may not be traded."""
        return EVERYTHING in self.instrument_ids or instrument_id in self.instrument_ids


@dataclass(frozen=True)
class Latched:
    """A kill switch that is latched. `symbol` is None for the whole portfolio; times on the run's clock."""

    kill_id: int
    scope: str
    symbol: str | None
    latched_time: datetime
    cause: str
    numbers: Mapping[str, Any]

    @property
    def words(self) -> str:
        """For people: what it stops, since when and why."""
        what = self.symbol or "the whole portfolio"
        return f"{what}, latched {self.latched_time:%Y-%m-%d %H:%M} UTC: {self.cause}"


def read_kills(connection: psycopg.Connection, run_id: int) -> LatchedKills:
    """What the kill switches of a run stop now."""
    rows = connection.execute(queries.load("stages/latched_kills"), {"run_id": run_id}).fetchall()
    return LatchedKills(frozenset(row[0] for row in rows))


def read_latched(connection: psycopg.Connection, run_id: int) -> list[Latched]:
    """What is latched in a run, oldest first; the rows stay locked until the transaction ends."""
    with connection.cursor(row_factory=class_row(Latched)) as cursor:
        return cursor.execute(queries.load("stages/latched"), {"run_id": run_id}).fetchall()


def latch(  # a row of hydra.kill_switch
    connection: psycopg.Connection,
    run_id: int,
    time: datetime,
    instrument_id: int | None,
    cause: str,
    numbers: Mapping[str, Any],
) -> int | None:
    """Latch the switch of a run (instrument_id None) or of one pair; its kill_id.

    None: it is latched already, and the first cause stays.
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


def clear(  # what a row of hydra.kill_switch says of its clearing
    connection: psycopg.Connection,
    kill_ids: Sequence[int],
    time: datetime,
    by: str,
    reason: str,
    state: str | None,
) -> None:
    """Clear latched switches at an instant of the run's clock: who, why, and how far that minute was."""
    values = {"kill_ids": list(kill_ids), "time": time, "by": by, "reason": reason, "state": state}
    connection.execute(queries.load("stages/clear"), values)
