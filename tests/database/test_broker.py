"""Doorbells through real brokers: PostgreSQL and Redis bring the same run to the same end."""

import random
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dramatiq
import psycopg
import pytest
import redis

from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import SettingsError, StopError
from hydra.ingest.instruments import ensure_instruments
from hydra.runtime.clock import CycleClock
from hydra.runtime.message_broker import make_broker
from hydra.runtime.minute_opening import ReplayedMinutes
from hydra.runtime.notifications import STEPS, Stage, notify, step_of
from hydra.runtime.speed import Speed
from hydra.settings import Settings, load_settings
from hydra.trading.cycle import Cycle
from hydra.trading.runs import Run, RunPlan, create_run, read_run
from tests.support.plain_stages import HANDLERS
from tests.support.rows import add
from tests.support.servers.redis import NOT_RUN, REDIS_URL, has_redis, redis_server
from tests.support.waiting import wait_until
from workers.broker import worker_broker
from workers.stages import Handler, declare_stages

START = datetime(2025, 6, 1, tzinfo=UTC)
NO_FILE = Path("no-such-file.env")


@pytest.fixture(scope="module")
def edition() -> Edition:
    """Messages use nothing of TimescaleDB, and what the stages read and write is tested on both elsewhere."""
    return Edition.APACHE


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    if not has_redis():
        pytest.skip(f"{NOT_RUN}. Set {REDIS_URL} to a server for tests, or install redis-server")
    with redis_server() as url:
        yield url


@pytest.fixture(params=["postgresql", "redis"])
def settings(request: pytest.FixtureRequest, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    if request.param == "redis":
        monkeypatch.setenv("HYDRA_BROKER_URL", request.getfixturevalue("redis_url"))
    return load_settings(NO_FILE)


def new_run(connection: psycopg.Connection, settings: Settings, minutes: int) -> Run:
    ensure_instruments(connection)
    end = START + timedelta(minutes=minutes)
    plan = RunPlan(TradingMode.PAPER, MarketOrigin.RECORDED, 7, (), (1, 2, 3), START, end)
    return create_run(connection, plan, settings)


@contextmanager
def working(
    settings: Settings,
    database_url: str,
    answers: Mapping[Stage, Handler],
    queues: Sequence[set[str]] = (set(),),
) -> Iterator[None]:
    """A worker per set of queues (all of them if empty), each with a broker and connections of its own."""
    workers = []
    for wanted in queues:
        broker = worker_broker(settings)
        declare_stages(broker, answers, lambda: database_url)
        worker = dramatiq.Worker(broker, queues=wanted or None, worker_threads=1, worker_timeout=100)
        worker.start()
        workers.append((worker, broker))
    try:
        yield
    finally:
        for worker, broker in workers:
            worker.stop()
            broker.close()


def let_run(
    connection: psycopg.Connection,
    settings: Settings,
    run: Run,
    speed: str = "max",
) -> None:
    """The clock of `run`, to the end of its range."""
    broker = make_broker(settings, [])
    CycleClock(run, connection, broker, ReplayedMinutes(Speed.parse(speed))).work()
    broker.close()


def states(connection: psycopg.Connection, run: Run) -> list[str]:
    query = "SELECT state FROM hydra.cycles WHERE run_id = %s ORDER BY time"
    return [row[0] for row in connection.execute(query, (run.run_id,)).fetchall()]


@pytest.mark.parametrize(
    "queues",
    [
        (set(),),
        ({step_of(Stage.ASSESS).queue}, {step.queue for step in STEPS} - {step_of(Stage.ASSESS).queue}),
    ],
)
def test_every_minute_passes_all_stages_whichever_process_hears_which_queue(
    settings: Settings, database_url: str, queues: Sequence[set[str]]
) -> None:
    with closing(connect(database_url, autocommit=True)) as connection:
        run = new_run(connection, settings, minutes=15)
        with working(settings, database_url, HANDLERS, queues):
            let_run(connection, settings, run)
        assert states(connection, run) == ["CLOSED"] * 15
        assert read_run(connection, run.run_id).end_reason == "finished"
        row = connection.execute(
            "SELECT count(*) FROM hydra.risk_decisions WHERE run_id = %s", (run.run_id,)
        ).fetchone()
        assert row == (45,)


def test_two_runs_side_by_side_both_end(settings: Settings, database_url: str) -> None:
    with (
        closing(connect(database_url, autocommit=True)) as one,
        closing(connect(database_url, autocommit=True)) as other,
        working(settings, database_url, HANDLERS),
    ):
        first, second = new_run(one, settings, minutes=8), new_run(one, settings, minutes=8)
        beside = threading.Thread(target=let_run, args=(other, settings, second))
        beside.start()
        let_run(one, settings, first)
        beside.join(30)
        assert states(one, first) == states(one, second) == ["CLOSED"] * 8


def test_a_stage_that_fails_is_rung_again_by_the_clock(settings: Settings, database_url: str) -> None:
    failures = iter([True, False, False, False])

    def fail_once(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        HANDLERS[Stage.DECIDE](connection, run, cycle)
        if next(failures):
            raise StopError("planted: the rows above must not stay")

    with closing(connect(database_url, autocommit=True)) as connection:
        run = new_run(connection, settings, minutes=3)
        with working(settings, database_url, {**HANDLERS, Stage.DECIDE: fail_once}):
            let_run(connection, settings, run)
        assert states(connection, run) == ["CLOSED"] * 3


def test_an_old_doorbell_is_dropped_unheard(settings: Settings, database_url: str) -> None:
    with closing(connect(database_url, autocommit=True)) as connection:
        run = new_run(connection, settings, minutes=1)
        open_first_cycle(connection, run)
        broker = make_broker(settings, [])
        step = step_of(Stage.BOOK_FILLS)
        message: dramatiq.Message[None] = dramatiq.Message(
            queue_name=step.queue,
            actor_name=step.stage.value,
            args=(run.run_id,),
            kwargs={},
            options={"max_age": 1},
        )
        broker.enqueue(message)
        time.sleep(0.05)
        with working(settings, database_url, HANDLERS):
            time.sleep(1.0)
            assert states(connection, run) == ["OPEN"]
            notify(broker, step, run.run_id)
            wait_until(lambda: states(connection, run) == ["CLOSED"])
        broker.close()


def test_a_lost_doorbell_costs_nothing_but_time(settings: Settings, database_url: str) -> None:
    with closing(connect(database_url, autocommit=True)) as connection:
        run = new_run(connection, settings, minutes=2)
        # Opened by a clock that died before it rang.
        open_first_cycle(connection, run)
        with working(settings, database_url, HANDLERS):
            let_run(connection, settings, run)
        assert states(connection, run) == ["CLOSED"] * 2


def test_a_broker_that_ends_all_connections_now_and_then_is_waited_for(
    settings: Settings, database_url: str
) -> None:
    with (
        closing(connect(database_url, autocommit=True)) as connection,
        closing(connect(database_url, autocommit=True)) as other,
    ):
        run = new_run(connection, settings, minutes=20)

        def cut() -> None:
            chance = random.Random(3)
            for _ in range(4):
                time.sleep(chance.uniform(0.2, 0.8))
                end_connections(settings, other)

        beside = threading.Thread(target=cut)
        with working(settings, database_url, HANDLERS):
            beside.start()
            let_run(connection, settings, run, "600")
            beside.join(30)
        assert states(connection, run) == ["CLOSED"] * 20


def end_connections(settings: Settings, connection: psycopg.Connection) -> None:
    """All connections that carry messages."""
    if settings.broker_url is None:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'hydra-messages' AND datname = current_database()"
        )
    else:
        with redis.Redis.from_url(settings.broker_url.get_secret_value()) as client:
            client.client_kill_filter(_type="normal", skipme=True)


def test_an_unknown_broker_is_refused_with_what_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_BROKER_URL", "kafka://nowhere")
    with pytest.raises(SettingsError, match=r"kafka is no broker of HYDRA; write redis://"):
        make_broker(load_settings(NO_FILE), [])


def open_first_cycle(connection: psycopg.Connection, run: Run) -> None:
    row = {
        "run_id": run.run_id,
        "time": START,
        "state": "OPEN",
        "as_of": START + timedelta(seconds=2),
        "code_version": run.code_version,
    }
    add(connection, "hydra.cycles", row)
