"""Keeps the processes of a run alive until the run has ended, and stops them cleanly.

Any process may end at any time, the database server too: nothing is lost but rows that will be computed
made again. The dramatiq command ends when one of its children dies.
Source: docs/architecture.md, law 1; docs/database.md, "Messages".
"""

import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Final

import psycopg
from dramatiq import Broker
from psycopg.rows import class_row

from hydra.answers.formatting import minute_text
from hydra.answers.pipeline_table import PipelineRow, blocked_words, read_pipeline
from hydra.answers.run_events import RunEvents
from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.db.server.private import start_private_cluster
from hydra.errors import DatabaseError, RetryError
from hydra.news.models import is_wanted
from hydra.paths import state_directory
from hydra.runtime.broker_watch import BrokerWatch
from hydra.runtime.children import Children, Program
from hydra.runtime.exchange_market import ListenedMarket, last_line
from hydra.runtime.message_broker import make_broker
from hydra.runtime.notifications import UPKEEP_QUEUE, news_queue, notify_news, notify_upkeep
from hydra.runtime.outage import Outage
from hydra.runtime.speed import Speed
from hydra.settings import Settings
from hydra.trading.runs import EndReason, Run, end_run, lock_account, lock_run, refuse_other_version
from hydra.trading.versions import refuse_changed_code

LOOK_EVERY_S: Final = 0.25
STANDSTILL_S: Final = 20.0
CLOCK: Final = "clock"
# One process consumes all queues: a cycle's stages then follow each other without messages
# (6 ms of overhead per cycle instead of 15 ms) and share one market window.
WORKERS: Final = "workers"
# The audits have a process of their own; a short run does not need it.
UPKEEP: Final = "upkeep"
UPKEEP_AFTER_S: Final = 60.0
# The news analyst: nothing waits for it, and its start would slow the first minutes.
NEWS: Final = "news"
NEWS_AFTER_S: Final = 10.0
ALERTS: Final = "alerts"
# The only process that sends orders: `hydra/runtime/execution_process.py`.
EXECUTION: Final = "execution"
RING_EVERY_S: Final = 30.0

_ENVIRONMENT: Final = {"dramatiq_restart_delay": "500", "dramatiq_worker_timeout": "200"}


@dataclass(frozen=True)
class RunProgress:
    """How far a run has come: its newest cycle, if any, and how long ago that was opened."""

    is_ended: bool
    end_reason: str | None
    time: datetime | None
    state: str | None
    waiting_seconds: float | None


@dataclass
class Supervisor:
    """Supervises one run. `show` gets the rows of every new minute, `tell` one sentence per event.

    market: of a connected exchange, whose processes are started already: they are kept alive.
    """

    run: Run
    settings: Settings
    speed: Speed
    show: Callable[[list[PipelineRow]], None]
    tell: Callable[[str], None]
    worker_module: str = "workers"
    upkeep_module: str = "workers.upkeep"
    news_module: str = "workers.news"
    market: ListenedMarket | None = None
    _wants_stop: bool = field(default=False, init=False)
    _shown: datetime | None = field(default=None, init=False)
    _complained_at: float = field(default=0.0, init=False)
    _rung_at: dict[str, float] = field(default_factory=dict, init=False)
    _blocked: str = field(default="", init=False)

    def __post_init__(self) -> None:
        """Skip events from before this supervisor."""
        self._events = RunEvents(self.run.run_id)

    def supervise(self) -> EndReason:
        """Run until the range is decided or the user stops it (Ctrl-C, SIGTERM).

        Raises:
            StopError: another supervisor has the run, or it belongs to another version, or the code changes
            while it goes on.
            DatabaseError: the server cannot be used, and is not the private one.
        """
        refuse_other_version(self.run)
        connection = self._connect()
        self._events.read(connection)
        own = self.market.environment if self.market is not None else {}
        children = Children(self._programs(), self.log, {**_ENVIRONMENT, **own})
        broker = make_broker(self.settings, [])
        watch = BrokerWatch(broker, self.tell)
        handlers = [(number, signal.signal(number, self._stop)) for number in (signal.SIGINT, signal.SIGTERM)]
        try:
            while not self._wants_stop and not children.has_finished(CLOCK):
                self._keep_alive(children)
                if self.market is not None:
                    self._keep_alive(self.market.processes)
                connection = self._look(connection)
                if watch.is_there():
                    self._ring(broker, children, UPKEEP, notify_upkeep)
                    self._ring(broker, children, NEWS, partial(notify_news, run_id=self.run.run_id))
                time.sleep(LOOK_EVERY_S)
        finally:
            children.stop()
            broker.close()
            for number, handler in handlers:
                signal.signal(number, handler)
        return self._end(connection)

    @property
    def log(self) -> Path:
        """The log of the run's processes."""
        return run_log(self.run.run_id)

    def _programs(self) -> list[Program]:
        run = str(self.run.run_id)
        worker = (sys.executable, "-m", "dramatiq", "--use-spawn", "-p", "1", "-t", "1", self.worker_module)
        upkeep = (*worker[:-1], self.upkeep_module, "--queues", UPKEEP_QUEUE)
        news = (*worker[:-1], self.news_module, "--queues", news_queue())
        clock = (sys.executable, "-m", "hydra.runtime.clock", "--run", run, "--speed", str(self.speed))
        alerts = (sys.executable, "-m", "hydra", "alerts", "send")
        execution = (sys.executable, "-m", "hydra.runtime.execution_process", "--run", run)
        return [
            *([Program(EXECUTION, execution)] if self.run.is_at_exchange else []),
            Program(WORKERS, worker),
            Program(CLOCK, clock, ends_by_itself=True),
            Program(UPKEEP, upkeep, starts_after_s=UPKEEP_AFTER_S),
            *([Program(NEWS, news, starts_after_s=NEWS_AFTER_S)] if self._is_scanned else []),
            *([Program(ALERTS, alerts)] if self.settings.has_alert_channel else []),
        ]

    def _keep_alive(self, children: Children) -> None:
        """Start again what ended, unless it would be another version by now."""
        ended = children.keep_alive()
        for sentence in ended:
            is_of_run = self.market is None or children is not self.market.processes
            self.tell(sentence if is_of_run else f"{sentence}; it said: {last_line(children.log)}")
        if ended:
            refuse_changed_code(self.run.run_id)

    @property
    def _is_scanned(self) -> bool:
        """Whether the news analyst is asked: not for stored history (C109)."""
        return self.run.exchange is not None and is_wanted(self.settings)

    def _ring(self, broker: Broker, children: Children, name: str, notify: Callable[[Broker], None]) -> None:
        """Tell a process that its work may be due; a lost message is made up by the next one."""
        if (
            name not in children.process_ids()
            or time.monotonic() - self._rung_at.get(name, 0.0) < RING_EVERY_S
        ):
            return
        self._rung_at[name] = time.monotonic()
        try:
            notify(broker)
        except RetryError:
            # The next look at the broker or the database tells it.
            return

    def _connect(self) -> psycopg.Connection:
        connection = connect(database_url(self.settings, Role.WORKER), autocommit=True)
        lock_run(connection, self.run.run_id)
        if self.run.is_at_exchange and self.run.exchange is not None:
            lock_account(connection, self.run.exchange.venue)
        return connection

    def _look(self, connection: psycopg.Connection) -> psycopg.Connection:
        """Show what is new; if the server went away, wait for it."""
        try:
            self._show_news(connection)
        except psycopg.OperationalError as error:
            return self._reconnect(connection, error)
        return connection

    def _reconnect(self, lost: psycopg.Connection, error: psycopg.Error) -> psycopg.Connection:
        """Wait for the server, restart it if it is the private one, and connect again.

        Raises:
            DatabaseError, psycopg.OperationalError: the user stops the run before the server is back.
        """
        lost.close()
        outage = Outage("the database server", self.tell)
        outage.lost(str(error))
        while True:
            try:
                if self.settings.database_url is None:
                    start_private_cluster(self._tell_while_waiting)
                connection = self._connect()
            except (DatabaseError, psycopg.OperationalError) as again:
                outage.lost(str(again))
                while not outage.is_due:
                    if self._wants_stop:
                        raise
                    time.sleep(LOOK_EVERY_S)
            else:
                outage.back()
                return connection

    def _tell_while_waiting(self, sentence: str) -> None:
        """A user who wants to stop does not wait for the end of a long recovery."""
        if self._wants_stop:
            raise DatabaseError(sentence)
        self.tell(sentence)

    def _show_news(self, connection: psycopg.Connection) -> None:
        progress = read_progress(connection, self.run.run_id)
        self._complain_of_standstill(progress)
        if progress.time is not None and progress.time != self._shown:
            self._shown = progress.time
            self._tell_events(connection)

    def _tell_events(self, connection: psycopg.Connection) -> None:
        """Show the newest minute, and tell what happened since the last call."""
        for event in self._events.read(connection):
            self.tell(event.sentence)
        rows = read_pipeline(connection, self.run)
        blocked = blocked_words(rows)
        if blocked != self._blocked and rows:
            self._blocked = blocked
            self.tell(f"{minute_text(rows[0].time)} UTC  {blocked or 'no pair is blocked by data any more'}")
        self.show(rows)

    def _complain_of_standstill(self, progress: RunProgress) -> None:
        is_still = progress.state != "CLOSED" and (progress.waiting_seconds or 0.0) > STANDSTILL_S
        if is_still and time.monotonic() - self._complained_at > STANDSTILL_S:
            self._complained_at = time.monotonic()
            self.tell(
                f"the minute {minute_text(progress.time)} UTC has been in state {progress.state} for "
                f"{progress.waiting_seconds:.0f} s: the reason is in {self.log}"
            )

    def _end(self, connection: psycopg.Connection) -> EndReason:
        while True:
            try:
                with closing(connection):
                    if self._wants_stop:
                        end_run(connection, self.run.run_id, EndReason.STOPPED)
                    self._tell_events(connection)
                    is_finished = read_progress(connection, self.run.run_id).end_reason == EndReason.FINISHED
            except psycopg.OperationalError as error:
                connection = self._reconnect(connection, error)
            else:
                return EndReason.FINISHED if is_finished else EndReason.STOPPED

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._wants_stop = True


def run_log(run_id: int) -> Path:
    """Where the processes of a run write what they say; its folder is made."""
    folder = state_directory() / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"run-{run_id}.log"


def read_progress(connection: psycopg.Connection, run_id: int) -> RunProgress:
    """How far `run_id` has come."""
    with connection.cursor(row_factory=class_row(RunProgress)) as cursor:
        progress = cursor.execute(queries.load("stages/progress"), {"run_id": run_id}).fetchone()
    if progress is None:
        raise DatabaseError(f"run {run_id} is no longer in the database: was it reset?")
    return progress
