"""The kill switch by hand: an operator latches it, and only an operator with a reason clears it.

While it is latched layer 4 refuses every entry and the positions are closed; the run goes on recording.
Source: docs/architecture.md, law 4; docs/practice.md, "Position management" (4); C20, C123.
"""

from collections.abc import Mapping
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


def choose_run(connection: psycopg.Connection, run_id: int | None) -> int:
    """`run_id` if it exists; without one the newest run that has not ended.

    Raises:
        StopError: there is no such run.
    """
    row = connection.execute(queries.load("stages/latest_run"), {"run_id": run_id}).fetchone()
    if row is None:
        missing = "no run is going on" if run_id is None else f"there is no run {run_id}"
        raise StopError(f"{missing}: name one with --run (`hydra status` lists them)")
    return int(row[0])


def latch(
    connection: psycopg.Connection, run_id: int, instrument_id: int | None, reason: str, by: str
) -> datetime:
    """Latch the switch of a run, or of one pair of it, at the run's present minute, which is returned.

    Raises:
        StopError: there is no reason, or it is latched already; then the first cause stays.
    """
    refuse_without_reason(reason)
    scope = KillScope.PORTFOLIO if instrument_id is None else KillScope.PAIR
    with connection.transaction():
        time, state = _newest_minute(connection, run_id)
        values = {
            "run_id": run_id,
            "scope": scope.value,
            "instrument_id": instrument_id,
            "time": time,
            "cause": reason.strip(),
            "numbers": Jsonb({"by": by, "latched_in": state}),
        }
        if connection.execute(queries.load("stages/latch"), values).fetchone() is None:
            raise StopError(f"the kill switch of run {run_id} is latched already; its first cause stays")
    return time


def clear(
    connection: psycopg.Connection, run_id: int, symbol: str | None, reason: str, by: str
) -> list[Latched]:
    """Clear what is latched in a run (for `symbol` only that pair's), and say what was cleared.

    Raises:
        StopError: there is no reason, nothing is latched, or a cool-down has not passed; nothing is cleared.
    """
    refuse_without_reason(reason)
    with connection.transaction():
        now, state = _newest_minute(connection, run_id)
        chosen = [item for item in latched(connection, run_id) if symbol is None or item.symbol == symbol]
        if not chosen:
            raise StopError(f"nothing is latched in run {run_id}{f' for {symbol}' if symbol else ''}")
        refuse_before_cool_down(chosen, now)
        values = {
            "time": now,
            "by": by,
            "state": state,
            "reason": reason.strip(),
            "kill_ids": [item.kill_id for item in chosen],
        }
        connection.execute(queries.load("stages/clear"), values)
    return chosen


def latched(connection: psycopg.Connection, run_id: int) -> list[Latched]:
    """What is latched in a run, oldest first; the rows stay locked until the transaction ends."""
    with connection.cursor(row_factory=class_row(Latched)) as cursor:
        return cursor.execute(queries.load("stages/latched"), {"run_id": run_id}).fetchall()


def run_time(connection: psycopg.Connection, run_id: int) -> datetime:
    """The run's clock: its newest cycle, or its first minute."""
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
