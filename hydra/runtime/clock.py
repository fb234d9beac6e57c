"""`python -m hydra.runtime.clock --run N --speed S`: opens a run's cycles, one after the other.

The next cycle opens only after layer 5 has committed the previous one, and when `minutes` says so: those of a
replay at its speed, those of a connected exchange when they are stored. All state of the clock is in
hydra.cycles, so it can be killed at any time and started again.
Source: docs/architecture.md, laws 1 and 2.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final

import psycopg
import structlog
import typer
from dramatiq import Broker
from psycopg import sql

from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import CycleState, ReasonCode
from hydra.errors import HydraError, RetryError
from hydra.exchange.hosts import Environment
from hydra.outside_text import shown
from hydra.reason_words import WORDS
from hydra.runtime.exchange_minutes import ExchangeMinutes, ExchangeNow
from hydra.runtime.message_broker import make_broker
from hydra.runtime.minute_opening import Minutes, ReplayedMinutes
from hydra.runtime.notifications import CYCLE_CLOSED_CHANNEL, notify, step_from
from hydra.runtime.outage import Outage
from hydra.runtime.simulated_exchange import hold_until, now_at, url_of
from hydra.runtime.speed import Speed
from hydra.settings import load_settings, redacted_by_settings
from hydra.trading.runs import EndReason, Run, end_run, read_run, refuse_other_version
from hydra.trading.versions import code_version

CYCLE_LENGTH: Final = timedelta(minutes=1)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.clock")
RING_AGAIN_S: Final = 2.0
LISTEN_S: Final = 0.5
_TOO_OLD: Final = ReasonCode.MINUTE_TOO_OLD


@dataclass
class CycleClock:
    """The clock of one run; `listening` is an autocommitting connection that is notified of closed cycles."""

    run: Run
    listening: psycopg.Connection
    broker: Broker
    minutes: Minutes
    now: Callable[[], float] = time.monotonic
    outage: Outage = field(default_factory=lambda: Outage("the broker of the messages", _LOG.warning))
    _rung_at: float = field(default=float("-inf"), init=False)

    def work(self) -> None:
        """Open cycle after cycle until the run's range is decided; then record the run's end.

        Raises:
            StopError: the run belongs to another version.
            psycopg.OperationalError: the server went away; start a new clock.
        """
        for channel in filter(None, (CYCLE_CLOSED_CHANNEL, self.minutes.channel)):
            self.listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        while self.tick():
            continue
        end_run(self.listening, self.run.run_id, EndReason.FINISHED)

    def tick(self) -> bool:
        """Wait for the open cycle, notify its stage again if needed, or open the next; False at the end."""
        newest = self._newest()
        if newest is not None and step_from(newest[1]) is not None:
            self._wait_for(*newest)
            return True
        minute = next_minute(self.run, newest[0] if newest else None)
        if minute is None:
            return False
        opening = self.minutes.opening(minute)
        if opening is None:
            self._listen(LISTEN_S)
        elif opening.skip_to is None:
            self._open(minute, opening.as_of)
        else:
            self._skip(minute, opening.skip_to, opening.as_of)
        return True

    def _newest(self) -> tuple[datetime, CycleState] | None:
        row = self.listening.execute(queries.load("stages/clock"), {"run_id": self.run.run_id}).fetchone()
        return (row[0], CycleState(row[1])) if row else None

    def _wait_for(self, minute: datetime, state: CycleState) -> None:
        if self.now() - self._rung_at >= RING_AGAIN_S:
            late = self.minutes.too_late(minute) if state is CycleState.OPEN else None
            if late is not None:
                self._write("stages/skip_open_cycle", time=minute, as_of=late.as_of, reason_code=_TOO_OLD)
                return
            self._notify_stage(state)
        self._listen(LISTEN_S)

    def _open(self, minute: datetime, as_of: datetime) -> None:
        self._write("stages/open_cycle", time=minute, as_of=as_of)
        self._notify_stage(CycleState.OPEN)
        self._listen(LISTEN_S)

    def _skip(self, first: datetime, last: datetime, as_of: datetime) -> None:
        """Skip minutes, as far as the run goes."""
        if self.run.data_to is not None:
            last = min(last, self.run.data_to - CYCLE_LENGTH)
        self._write("stages/skip_cycles", first=first, last=last, as_of=as_of, reason_code=_TOO_OLD)
        _LOG.warning(WORDS[_TOO_OLD], run=self.run.run_id, first=first.isoformat(), last=last.isoformat())

    def _write(self, query: str, **values: object) -> None:
        keys = {"run_id": self.run.run_id, "code_version": code_version()}
        if not self.listening.execute(queries.load(query), {**keys, **values}).rowcount:
            # Another clock was faster, a stage has begun, or another version continues the run.
            refuse_other_version(read_run(self.listening, self.run.run_id))

    def _notify_stage(self, state: CycleState) -> None:
        step = step_from(state)
        if step is None or not self.outage.is_due:
            return
        self._rung_at = self.now()
        try:
            notify(self.broker, step, self.run.run_id)
        except RetryError as error:
            self.outage.lost(str(error))
        else:
            self.outage.back()

    def _listen(self, seconds: float) -> None:
        """Wait until a cycle of this run closes or the minutes' channel has news, at most `seconds`."""
        deadline = self.now() + seconds
        own = (CYCLE_CLOSED_CHANNEL, str(self.run.run_id))
        for notice in self.listening.notifies(timeout=seconds):
            is_news = notice.channel == self.minutes.channel or (notice.channel, notice.payload) == own
            if is_news or self.now() >= deadline:
                return


def next_minute(run: Run, newest: datetime | None) -> datetime | None:
    """The minute after `newest` (the first of the run if there is none); None when the range is decided."""
    minute = run.data_from if newest is None else newest + CYCLE_LENGTH
    return minute if run.data_to is None or minute < run.data_to else None


def run_clock(
    run: Annotated[int, typer.Option(help="Number of the run")],
    speed: Annotated[str, typer.Option(help="max, or how many times real time")] = "max",
) -> None:
    """Open the cycles of a run."""
    settings = load_settings()
    with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
        # If a crash of the server loses a cycle before its first stage, it is opened again.
        connection.execute("SET synchronous_commit = off")
        recorded = read_run(connection, run)
        refuse_other_version(recorded)
        broker = make_broker(settings, [])
        CycleClock(recorded, connection, broker, minutes_of(recorded, connection, Speed.parse(speed))).work()
        broker.close()


def minutes_of(run: Run, connection: psycopg.Connection, speed: Speed) -> Minutes:
    """Which minutes of `run` are decided when. speed: of a replay, or of a simulated exchange."""
    exchange = run.exchange
    if exchange is None:
        return ReplayedMinutes(speed)
    oldest = timedelta(seconds=run.config["settings"]["oldest_minute_s"])
    if exchange.environment != Environment.SIMULATED:
        return ExchangeMinutes(connection, exchange.venue, oldest, ExchangeNow(rate=None))
    url = url_of(load_settings())
    if speed.factor is None:
        now, hold = ExchangeNow(rate=0.0), partial(hold_until, url)
        return ExchangeMinutes(connection, exchange.venue, oldest, now, hold)
    now = ExchangeNow(speed.factor, partial(now_at, url))
    return ExchangeMinutes(connection, exchange.venue, oldest, now)


def main() -> None:
    """Run the clock; if the server goes away, exit with a sentence: the supervisor starts it again."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(run_clock)
    try:
        app()
    except (HydraError, psycopg.OperationalError) as error:
        sys.exit(f"clock: {shown(redacted_by_settings(str(error)))}")


if __name__ == "__main__":
    main()
