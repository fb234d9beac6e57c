"""The kill switch as the stages see and latch it (law 4, C20, C123)."""

from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

from hydra.db import queries
from hydra.domain import KillScope
from hydra.layers.layer4_kill import Kill
from hydra.trading.cycle import Cycle

_EVERYTHING = 0


@dataclass(frozen=True, slots=True)
class LatchedKills:
    """What is stopped: everything, or some instruments."""

    instrument_ids: frozenset[int]

    def stops(self, instrument_id: int) -> bool:
        """The pair may not be traded."""
        return _EVERYTHING in self.instrument_ids or instrument_id in self.instrument_ids


def read_kills(connection: psycopg.Connection, run_id: int) -> LatchedKills:
    """The kill switches of a run that are latched now."""
    rows = connection.execute(queries.load("stages/latched_kills"), {"run_id": run_id}).fetchall()
    return LatchedKills(frozenset(row[0] for row in rows))


def latch(connection: psycopg.Connection, cycle: Cycle, instrument_id: int, kill: Kill) -> None:
    """Latch what `kill` stops; the cause names the condition, the numbers say what decided."""
    scoped = instrument_id if kill.scope is KillScope.PAIR else None
    numbers = {"value": kill.value, "limit": kill.limit, "instrument_id": instrument_id}
    values = {
        "run_id": cycle.run_id,
        "scope": kill.scope.value,
        "instrument_id": scoped,
        "time": cycle.time,
        "cause": f"{kill.cause.value}: {kill.reason}",
        "numbers": Jsonb(numbers),
    }
    connection.execute(queries.load("stages/latch"), values)
