"""The kill switch of a run: read, latch and clear it.

While it is latched, layer 4 refuses every entry and positions are closed; the run continues. A condition of
`hydra.layers.layer4_kill` or an operator latches it. Only an operator clears it, with a reason.
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
"""Time on the run's clock before a latched switch may be cleared (C117's cool-down)."""

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


def latch_by_hand(
    connection: psycopg.Connection, run_id: int, instrument_id: int | None, reason: str, by: str
) -> datetime:
    """Latch the switch of a run or of one pair for an operator; returns the run's current minute.

    Raises:
        StopError: the reason is blank, or the switch is latched already.
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
) -> list[LatchedSwitch]:
    """Clear the switches of a run, or only that of `symbol`, for an operator; returns them.

    Raises:
        StopError: the reason is blank, nothing is latched, or a cool-down has not passed. Nothing is cleared.
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
    """`run_id`, or the newest run that trades and has not ended.

    Raises:
        StopError: there is no such run.
    """
    row = connection.execute(queries.load("stages/latest_run"), {"run_id": run_id}).fetchone()
    if row is None:
        missing = "no run is going on" if run_id is None else f"there is no run {run_id}"
        raise StopError(f"{missing}: name one with --run (`hydra runs list` names them)")
    return int(row[0])


def run_time(connection: psycopg.Connection, run_id: int) -> datetime:
    """The run's clock: its newest cycle, or its first minute.

    Raises:
        StopError: there is no such run.
    """
    return _newest_minute(connection, run_id)[0]


def _newest_minute(connection: psycopg.Connection, run_id: int) -> tuple[datetime, str | None]:
    """The run's clock, and the state of that minute (None before the first); the row stays locked."""
    row = connection.execute(queries.load("stages/run_time"), {"run_id": run_id}).fetchone()
    if row is None:
        raise StopError(f"there is no run {run_id}")
    return row[0], row[1]


def refuse_before_cool_down(chosen: list[LatchedSwitch], now: datetime) -> None:
    """Refuse to clear before COOL_DOWN has passed (C123). Time alone never clears a switch.

    Raises:
        StopError: names the switches and from when they may be cleared.
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
    """Refuse a blank reason.

    Raises:
        StopError: `reason` is blank.
    """
    if not reason.strip():
        raise StopError("give a reason in words: --reason TEXT; it is stored with the kill switch")
