"""`python -m hydra.runtime.clock --run N --speed S`: opens a run's cycles, one after the other.

In replay the next cycle opens only after layer 5 has committed the previous one. All state of the clock is in
hydra.cycles, so it can be killed at any time and started again.
Source: docs/architecture.md, laws 1 and 2.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from hydra.domain import CycleState
from hydra.errors import HydraError, RetryError
from hydra.features.engine.decision_frame import DECISION_DELAY
from hydra.outside_text import shown
from hydra.runtime.message_broker import make_broker
from hydra.runtime.notifications import CYCLE_CLOSED_CHANNEL, notify, step_from
from hydra.runtime.outage import Outage
from hydra.runtime.speed import Speed
from hydra.settings import load_settings, redacted_by_settings
from hydra.trading.runs import EndReason, Run, end_run, read_run, refuse_other_version
from hydra.trading.versions import code_version

CYCLE_LENGTH: Final = timedelta(minutes=1)
_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("hydra.clock")
RING_AGAIN_S: Final = 2.0
LISTEN_S: Final = 0.5


@dataclass
class CycleClock:
    """The clock of one run; `listening` is an autocommitting connection that is notified of closed cycles."""

    run: Run
    listening: psycopg.Connection
    broker: Broker
    speed: Speed
    now: Callable[[], float] = time.monotonic
    outage: Outage = field(default_factory=lambda: Outage("the broker of the messages", _LOG.warning))
    _rung_at: float = field(default=float("-inf"), init=False)
    _opened_at: float = field(default=float("-inf"), init=False)

    def work(self) -> None:
        """Open cycle after cycle until the run's range is decided; then record the run's end.

        Raises:
            StopError: the run belongs to another version.
            psycopg.OperationalError: the server went away; start a new clock.
        """
        self.listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CYCLE_CLOSED_CHANNEL)))
        while self.tick():
            continue
        end_run(self.listening, self.run.run_id, EndReason.FINISHED)

    def tick(self) -> bool:
        """Wait for the open cycle, notify its stage again if needed, or open the next; False at the end."""
        newest = self._newest()
        if newest is not None and step_from(newest[1]) is not None:
            if self.now() - self._rung_at >= RING_AGAIN_S:
                self._notify_stage(newest[1])
            self._listen(LISTEN_S)
            return True
        minute = next_minute(self.run, newest[0] if newest else None)
        if minute is None:
            return False
        self._open(minute)
        return True

    def _newest(self) -> tuple[datetime, CycleState] | None:
        row = self.listening.execute(queries.load("stages/clock"), {"run_id": self.run.run_id}).fetchone()
        return (row[0], CycleState(row[1])) if row else None

    def _open(self, minute: datetime) -> None:
        pause = self._opened_at + self.speed.seconds_between(CYCLE_LENGTH) - self.now()
        if pause > 0:
            time.sleep(pause)
        self._opened_at = self.now()
        values = {
            "run_id": self.run.run_id,
            "time": minute,
            "as_of": minute + DECISION_DELAY,
            "code_version": code_version(),
        }
        if not self.listening.execute(queries.load("stages/open_cycle"), values).rowcount:
            # Another clock has opened it, or another version continues the run.
            refuse_other_version(read_run(self.listening, self.run.run_id))
        self._notify_stage(CycleState.OPEN)
        self._listen(LISTEN_S)

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
        """Wait until a cycle of this run closes, at most `seconds`."""
        deadline = self.now() + seconds
        for notice in self.listening.notifies(timeout=seconds):
            if notice.payload == str(self.run.run_id) or self.now() >= deadline:
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
        CycleClock(recorded, connection, broker, Speed.parse(speed)).work()
        broker.close()


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
