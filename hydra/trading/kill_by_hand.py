"""The operator's side of the kill switch: the runs that it can stop, latching and clearing.

Stopping must not fail: if one run cannot be stopped, the others still are, and it does not wait for a stage
that hangs. Trading must not start again by accident: clearing is for one run, and if several are stopped the
operator must choose.
Source: docs/architecture.md, law 4; C20, C123.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import psycopg
from psycopg.rows import class_row

from hydra.db import queries
from hydra.errors import StopError
from hydra.trading.kill_switch import LatchedSwitch, clear, latch, read_latched
from hydra.trading.runs import read_run, supervised_runs

COOL_DOWN: Final = timedelta(minutes=60)
"""Time on the run's clock before a latched switch may be cleared (C117's cool-down)."""


@dataclass(frozen=True)
class RunGoingOn:
    """A run that trades and has not ended. is_live: a process supervises it."""

    run_id: int
    is_live: bool
    open_positions: int

    @property
    def words(self) -> str:
        """For example "live, 2 open positions"."""
        positions = f"{self.open_positions} open position{'' if self.open_positions == 1 else 's'}"
        if self.is_live:
            return f"live, {positions}"
        return f"dead, {positions}: no process moves it until `hydra run --resume {self.run_id}`"


def runs_going_on(connection: psycopg.Connection) -> list[RunGoingOn]:
    """Every run that an operator can stop, the live ones first; backtests are not among them."""
    values = {"supervised": list(supervised_runs(connection))}
    with connection.cursor(row_factory=class_row(RunGoingOn)) as cursor:
        return cursor.execute(queries.load("stages/runs_going_on"), values).fetchall()


def latch_by_hand(
    connection: psycopg.Connection, run_id: int, instrument_id: int | None, reason: str, by: str
) -> datetime | None:
    """Latch the switch of a run or of one pair for an operator; returns the run's current minute.

    None: it was latched already and keeps its first cause.

    Raises:
        StopError: the reason is blank, or there is no such run.
        psycopg.errors.LockNotAvailable: another process is latching it, and hangs.
    """
    refuse_without_reason(reason)
    with connection.transaction():
        connection.execute(queries.load("stages/wait_briefly"))
        time, state = _minute_to_stop(connection, run_id)
        kill_id = latch(connection, run_id, time, instrument_id, reason, {"by": by, "latched_in": state})
    return None if kill_id is None else time


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
        chosen = latched_for(connection, run_id, symbol)
        if not chosen:
            raise StopError(f"nothing is latched in run {run_id}{f' for {symbol}' if symbol else ''}")
        refuse_before_cool_down(chosen, now)
        clear(connection, [item.kill_id for item in chosen], now, by, reason, state)
    return chosen


def latched_for(connection: psycopg.Connection, run_id: int, symbol: str | None) -> list[LatchedSwitch]:
    """The latched switches of a run, or only that of `symbol`."""
    return [item for item in read_latched(connection, run_id) if symbol in {None, item.symbol}]


def run_to_clear(latched: Sequence[tuple[RunGoingOn, Sequence[LatchedSwitch]]]) -> int:
    """The only run with a latched switch.

    Raises:
        StopError: there is none, or there are several; the message names them.
    """
    stopped = [(run, items) for run, items in latched if items]
    if len(stopped) == 1:
        return stopped[0][0].run_id
    if not stopped:
        raise StopError(
            "nothing is latched in a run that goes on: name a stopped one with --run (`hydra runs list`)"
        )
    named = "; ".join(
        f"run {run.run_id} ({run.words}): {', '.join(item.words for item in items)}" for run, items in stopped
    )
    raise StopError(f"{len(stopped)} runs are stopped, nothing is cleared: choose one with --run. {named}")


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
        raise StopError(f"there is no run {run_id} in this database: `hydra runs list` names them")
    return row[0], row[1]


def _minute_to_stop(connection: psycopg.Connection, run_id: int) -> tuple[datetime, str | None]:
    """The same without waiting for a stage that hangs: then the state is the last committed one."""
    try:
        with connection.transaction():
            return _newest_minute(connection, run_id)
    except psycopg.errors.LockNotAvailable:
        row = connection.execute(queries.load("stages/progress"), {"run_id": run_id}).fetchone()
        if row is None or row[2] is None:
            return read_run(connection, run_id).data_from, None
        return row[2], row[3]


def refuse_before_cool_down(chosen: Sequence[LatchedSwitch], now: datetime) -> None:
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
        raise StopError("give a reason in words: --reason TEXT; it is stored with your name")
