"""How a stage works: claim a cycle, handle it, advance it, in one transaction; then notify the next stage.

A duplicate message finds nothing to do; a lost one is sent again by the clock. If a process dies in the
middle, its transaction is rolled back and the next message starts the stage again.
Source: docs/architecture.md, law 1.
"""

import threading
from collections.abc import Callable, Mapping
from typing import Final

import dramatiq
import psycopg
from dramatiq import Broker, Middleware

from hydra.db import queries
from hydra.db.engine import connect
from hydra.errors import HydraError
from hydra.runtime.notifications import CYCLE_CLOSED_CHANNEL, Stage, Step, notify, step_from, step_of
from hydra.trading.cycle import Cycle
from hydra.trading.runs import Run, read_run, refuse_other_version
from hydra.trading.versions import code_version

TIME_LIMIT_MS: Final = 120_000
"""A stage that takes longer is interrupted; its transaction is rolled back and it is notified again."""


Handler = Callable[[psycopg.Connection, Run, Cycle], None]
"""A stage's work for a cycle: reads and writes rows inside the transaction of the given connection."""


def declare_stages(
    broker: Broker, handlers: Mapping[Stage, Handler], database_url: Callable[[], str]
) -> None:
    """Declare an actor for every stage with a handler. Connects to nothing before the first message."""
    worker = StageWorker(broker, handlers, database_url)
    broker.add_middleware(worker)
    for stage in handlers:
        declare_actor(broker, worker, step_of(stage))


def declare_actor(broker: Broker, worker: "StageWorker", step: Step) -> None:
    """The actor of one step; its only argument is the run."""

    def on_message(run_id: int) -> None:
        worker.on_message(step, run_id)

    dramatiq.actor(
        broker=broker,
        actor_name=step.stage.value,
        queue_name=step.queue,
        time_limit=TIME_LIMIT_MS,
        # Expected errors, logged by StageErrors in one line; dramatiq logs the traceback of all others.
        throws=(HydraError, psycopg.OperationalError),
    )(on_message)


class StageWorker(Middleware):
    """The stages of one worker process. Every thread has a connection of its own, opened when needed."""

    def __init__(
        self, broker: Broker, handlers: Mapping[Stage, Handler], database_url: Callable[[], str]
    ) -> None:
        self._broker = broker
        self._handlers = handlers
        self._database_url = database_url
        self._queues: frozenset[str] = frozenset()
        self._runs: dict[int, Run] = {}
        self._thread = threading.local()

    def on_message(self, step: Step, run_id: int) -> None:
        """Advance the run's waiting cycle through the stages of this process, then notify the next stage.

        Every stage commits separately; running the next stage in the same call only saves a message.

        Raises:
            HydraError, psycopg.Error: a stage failed and was rolled back; the clock notifies it again.
        """
        connection = self._connection()
        try:
            self._follow(connection, step, run_id)
        except psycopg.OperationalError:
            connection.close()
            raise

    def after_worker_boot(self, broker: Broker, worker: dramatiq.Worker) -> None:
        """Note which queues this process consumes, to know whether the next stage is its own."""
        self._queues = frozenset(worker.consumer_whitelist or broker.get_declared_queues())

    def before_worker_thread_shutdown(self, _broker: Broker, _thread: object) -> None:
        """Close the connection of the thread that ends."""
        held: psycopg.Connection | None = getattr(self._thread, "connection", None)
        if held is not None:
            held.close()

    def _follow(self, connection: psycopg.Connection, step: Step, run_id: int) -> None:
        run = self._run(connection, run_id)
        here: Step | None = step
        while here is not None and advance(connection, run, here, self._handlers[here.stage]):
            here = step_from(here.leads_to)
            if here is not None and here.queue not in self._queues:
                notify(self._broker, here, run_id)
                return

    def _connection(self) -> psycopg.Connection:
        held: psycopg.Connection | None = getattr(self._thread, "connection", None)
        if held is None or held.closed:
            held = connect(self._database_url(), autocommit=True)
            self._thread.connection = held
        return held

    def _run(self, connection: psycopg.Connection, run_id: int) -> Run:
        if run_id not in self._runs:
            run = read_run(connection, run_id)
            refuse_other_version(run)
            self._runs[run_id] = run
        return self._runs[run_id]


def advance(connection: psycopg.Connection, run: Run, step: Step, handler: Handler) -> Cycle | None:
    """Take one step of the oldest cycle of `run` and this version that waits for it; None if there is none.

    The rows of the stage and the new state commit together or not at all. Only the end of a cycle waits for
    the disk, which also flushes everything before it: if a crash loses an unfinished cycle, it is decided
    again from the same facts. Layer 5 waits more often, before an exchange is called (law 5).
    """
    durability = "on" if step.stage is Stage.EXECUTE else "off"
    of_run = {"run_id": run.run_id, "code_version": code_version()}
    wanted = {**of_run, "state": step.waits_for.value, "durability": durability}
    with connection.transaction():
        row = connection.execute(queries.load("stages/claim"), wanted).fetchone()
        if row is None:
            return None
        cycle = Cycle(run.run_id, time=row[0], as_of=row[1])
        handler(connection, run, cycle)
        moved = {**of_run, "time": cycle.time, "state": step.leads_to.value}
        connection.execute(queries.load("stages/move"), {**moved, "channel": CYCLE_CLOSED_CHANNEL})
    return cycle
