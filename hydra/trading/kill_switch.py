"""The kill switch of a run: what is latched, latching it, and clearing it.

While it is latched layer 4 refuses every entry and the positions are closed; the run goes on recording. The
rule of `hydra.layers.layer4_kill` or an operator latches it; only an operator with a reason clears it.
Source: docs/architecture.md, law 4; docs/practice.md, "Position management" (4); C20, C123, C130.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from hydra.db import queries
from hydra.domain import KillScope
from hydra.errors import StopError

COOL_DOWN: Final = timedelta(minutes=60)
"""How long the run's clock has to move on before a latched switch may be cleared (C117's cool-down)."""

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


def latch_by_hand(
    connection: psycopg.Connection, run_id: int, instrument_id: int | None, reason: str, by: str
) -> datetime:
    """An operator latches the switch of a run, or of one pair of it; at the run's present minute, returned.

    Raises:
        StopError: there is no reason, or it is latched already; then the first cause stays.
    """
    refuse_without_reason(reason)
    with connection.transaction():
        time, state = _newest_minute(connection, run_id)
        numbers = {"by": by, "latched_in": state}
        if latch(connection, run_id, time, instrument_id, reason.strip(), numbers) is None:
            raise StopError(f"the kill switch of run {run_id} is latched already; its first cause stays")
    return time


def clear_by_hand(
    connection: psycopg.Connection, run_id: int, symbol: str | None, reason: str, by: str
) -> list[Latched]:
    """An operator clears what is latched in a run (for `symbol` only that pair's); what was cleared.

    Raises:
        StopError: there is no reason, nothing is latched, or a cool-down has not passed; nothing is cleared.
    """
    refuse_without_reason(reason)
    with connection.transaction():
        now, state = _newest_minute(connection, run_id)
        every = read_latched(connection, run_id)
        chosen = [item for item in every if symbol is None or item.symbol == symbol]
        if not chosen:
            raise StopError(f"nothing is latched in run {run_id}{f' for {symbol}' if symbol else ''}")
        refuse_before_cool_down(chosen, now)
        clear(connection, [item.kill_id for item in chosen], now, by, reason.strip(), state)
    return chosen


def run_going_on(connection: psycopg.Connection, run_id: int | None) -> int:
    """`run_id` if it exists; without one the newest run that trades and has not ended.

    Raises:
        StopError: there is no such run.
    """
    row = connection.execute(queries.load("stages/latest_run"), {"run_id": run_id}).fetchone()
    if row is None:
        missing = "no run is going on" if run_id is None else f"there is no run {run_id}"
        raise StopError(f"{missing}: name one with --run (`hydra status` lists them)")
    return int(row[0])


def run_time(connection: psycopg.Connection, run_id: int) -> datetime:
    """The run's clock: its newest cycle, or its first minute.

    Raises:
        StopError: there is no such run.
    """
    return _newest_minute(connection, run_id)[0]


def _newest_minute(connection: psycopg.Connection, run_id: int) -> tuple[datetime, str | None]:
    """The run's clock, and the state of that minute (None before the first), which stays as it is."""
    row = connection.execute(queries.load("stages/run_time"), {"run_id": run_id}).fetchone()
    if row is None:
        raise StopError(f"there is no run {run_id}")
    return row[0], row[1]


def refuse_before_cool_down(chosen: list[Latched], now: datetime) -> None:
    """Raise unless COOL_DOWN has passed for all of `chosen` (C123: a precondition, never a release).

    Raises:
        StopError: names what is too fresh, and from when it may be cleared.
    """
    fresh = [item for item in chosen if now < item.latched_time + COOL_DOWN]
    if fresh:
        until = max(item.latched_time for item in fresh) + COOL_DOWN
        raise StopError(
            f"the cool-down of {COOL_DOWN.total_seconds() / 60:.0f} minutes has not passed for "
            f"{'; '.join(item.words for item in fresh)}. The run's clock stands at {now:%Y-%m-%d %H:%M} UTC: "
            f"clear it from {until:%Y-%m-%d %H:%M} UTC on"
        )


def refuse_without_reason(reason: str) -> None:
    """Raise unless `reason` says something.

    Raises:
        StopError: it is blank.
    """
    if not reason.strip():
        raise StopError("give a reason in words: --reason TEXT; it is stored with the kill switch")
