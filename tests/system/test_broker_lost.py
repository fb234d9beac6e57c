"""Redis killed with -9 under a run, for a while or before it begins: the run waits and loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.db.server.ports import LOOPBACK, choose_free
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.paths import PROJECT_ROOT
from hydra.settings import load_settings
from hydra.trading.runs import Run, RunPlan, create_run, read_run
from tests.support.crash_harness import decision_rows, differences
from tests.support.servers.databases import TestServer
from tests.support.servers.redis import NOT_RUN, redis_on, redis_program

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTES = 40

pytestmark = pytest.mark.skipif(redis_program() is None, reason=f"{NOT_RUN}: no server can be had")


@pytest.fixture(scope="module")
def database(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """The URL of a database of the newest schema."""
    with servers[Edition.APACHE].migrated() as url:
        yield url


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with connect(database, autocommit=True) as opened:
        yield opened


class Runs:
    """Runs of one database with messages through the Redis of one port."""

    def __init__(self, connection: psycopg.Connection, database: str, folder: Path) -> None:
        self.port = choose_free()
        self.connection = connection
        self.environment = {
            **os.environ,
            "HYDRA_DATABASE_URL": database,
            "HYDRA_BROKER_URL": f"redis://{LOOPBACK}:{self.port}/0",
            "HYDRA_STATE_DIRECTORY": str(folder),
            "COLUMNS": "200",
        }

    def new(self) -> Run:
        ensure_instruments(self.connection)
        end = START + timedelta(minutes=MINUTES)
        plan = RunPlan(TradingMode.PAPER, MarketOrigin.RECORDED, 7, (), (1, 2, 3), START, end)
        return create_run(self.connection, plan, load_settings())

    @contextmanager
    def supervised(self, run: Run, speed: str) -> Iterator["subprocess.Popen[str]"]:
        with subprocess.Popen(
            [sys.executable, "-m", "tests.support.run_plain", str(run.run_id), speed],
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.terminate()

    def closed(self, run: Run) -> int:
        query = "SELECT count(*) FROM hydra.cycles WHERE run_id = %s AND state = 'CLOSED'"
        row = self.connection.execute(query, (run.run_id,)).fetchone()
        return 0 if row is None else int(row[0])

    def status(self, *options: str) -> str:
        """What `hydra status` says."""
        return subprocess.run(
            [sys.executable, "-m", "hydra", "status", *options],
            cwd=PROJECT_ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    @property
    def broker(self) -> str:
        """What the broker is called."""
        return f"Redis at {LOOPBACK}:{self.port}"


@pytest.fixture
def runs(connection: psycopg.Connection, database: str, tmp_path: Path) -> Runs:
    return Runs(connection, database, tmp_path)


def until(holds: Callable[[], bool], what: str, seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def lines_with(output: str, words: str) -> list[str]:
    return [line for line in output.splitlines() if words in line]


def test_a_run_waits_for_a_redis_that_is_killed_and_decides_what_an_undisturbed_one_does(runs: Runs) -> None:
    calm, disturbed = runs.new(), runs.new()
    with redis_on(runs.port) as redis:
        with runs.supervised(calm, "max") as process:
            output, _ = process.communicate(timeout=180)
            assert process.returncode == 0, output
        with runs.supervised(disturbed, "600") as running:
            until(lambda: runs.closed(disturbed) >= 5, "the run does not get going")
            redis.send_signal(signal.SIGKILL)
            redis.wait()
            time.sleep(0.5)
            before = runs.closed(disturbed)
            words = runs.status()
            assert running.poll() is None
            assert runs.closed(disturbed) <= before + 1
            with redis_on(runs.port):
                output, _ = running.communicate(timeout=180)
    assert running.returncode == 0, output
    assert f"through {runs.broker}, which is lost (" in words
    assert len(lines_with(output, f"{runs.broker}, which carries the messages, went away")) == 1
    assert len(lines_with(output, f"{runs.broker}, which carries the messages, is back after")) == 1
    assert "Traceback" not in output
    assert read_run(runs.connection, disturbed.run_id).end_reason == "finished"
    rows = decision_rows(runs.connection, calm.run_id)
    assert len(rows["cycles"]) == MINUTES
    assert differences(rows, decision_rows(runs.connection, disturbed.run_id)) == []


def test_a_run_that_begins_without_its_redis_waits_for_it(runs: Runs) -> None:
    run = runs.new()
    with runs.supervised(run, "max") as process:
        log = Path(runs.environment["HYDRA_STATE_DIRECTORY"]) / "logs" / f"run-{run.run_id}.log"
        until(lambda: log.is_file() and "went away" in log.read_text(), "the clock does not miss its broker")
        assert runs.closed(run) == 0
        condition = json.loads(runs.status("--json"))["broker"]
        assert condition["name"] == runs.broker
        assert "refused" in condition["complaint"]
        with redis_on(runs.port):
            output, _ = process.communicate(timeout=180)
    assert process.returncode == 0, output
    assert runs.closed(run) == MINUTES
    assert "Traceback" not in output + log.read_text()
    assert not lines_with(output, "starting it again"), "a process ended where it should have waited"
