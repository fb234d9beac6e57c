"""A command whose database is killed in the middle of its work ends in one sentence, and so do its processes.

A lock on a table stops the command at a known place; then the server's main process is killed with -9.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.cli.entry import INTERRUPTED
from hydra.cli.sentences import DATABASE_LOST
from hydra.db.engine import connect
from hydra.db.server.cluster import Cluster
from hydra.db.server.private import DATABASE
from hydra.domain import MarketOrigin, TradingMode
from hydra.paths import PROJECT_ROOT
from hydra.settings import load_settings
from hydra.trading.runs import RunPlan, create_run
from tests.support.import_command import write_candles
from tests.support.own_processes import children, descendants, left_alive
from tests.support.servers.migrated import stoppable_server

MARKET = ("--pairs", "BTC", "--from", "2025-03-03", "--to", "2025-03-04")
VARIED = "COOLDOWN_MINUTES=" + ",".join(str(minutes) for minutes in range(1, 401))
SWEEP = ("sweep", "lost", *MARKET, "--set", VARIED, "--jobs", "2")
START_TIMEOUT_S = 120.0
END_TIMEOUT_S = 180.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A server with the candles of one pair and a backtest on them, run 1."""
    with stoppable_server() as (folder, server):
        write_candles(folder, "BTCUSDT", 0)
        for arguments in (("import", str(folder / "0")), ("backtest", *MARKET)):
            with started(server, *arguments) as process:
                _, said = process.communicate(timeout=120)
            assert process.returncode == 0, said
        yield server


@contextmanager
def started(cluster: Cluster, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The command on the database of `cluster`, killed at the end if it still runs."""
    with subprocess.Popen(
        [sys.executable, "-m", "hydra", *arguments],
        cwd=PROJECT_ROOT,
        env={**os.environ, "HYDRA_DATABASE_URL": cluster.url(DATABASE), "COLUMNS": "400"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_waiting(cluster: Cluster, process: "subprocess.Popen[str]") -> None:
    """Until a session of the command waits for a lock."""
    query = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity"
        " WHERE application_name LIKE 'hydra%' AND wait_event_type = 'Lock')"
    )
    # Outside a transaction, in which the answer would stay the same.
    with connect(cluster.url(DATABASE), autocommit=True) as connection:
        until(lambda: connection.execute(query).fetchone() == (True,), process)


CASES = [
    (("backtest", *MARKET), "market.candles_1m"),
    (("backtest", *MARKET), "hydra.equity"),
    (SWEEP, "market.candles_1m"),
    (SWEEP, "ml.trials"),
    (("report", "1"), "hydra.equity"),
    (("check", "parity", "--run", "1"), "market.candles_1m"),
    (("check", "lookahead", "--run", "1"), "market.candles_1m"),
    (("import", "FILES"), "market.candles_1m"),
]


@pytest.mark.parametrize(
    ("arguments", "table"), CASES, ids=[f"{case[0][0]}-{case[0][1]}-{case[1]}" for case in CASES]
)
def test_a_command_that_loses_its_database_ends_in_one_sentence(
    cluster: Cluster, arguments: tuple[str, ...], table: str, tmp_path: Path
) -> None:
    cluster.start()
    before = children(os.getpid())
    if arguments[0] == "import":
        write_candles(tmp_path, "BTCUSDT", 1)
        arguments = ("import", str(tmp_path))
    with connect(cluster.url(DATABASE)) as connection, started(cluster, *arguments) as process:
        connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        wait_for_waiting(cluster, process)
        time.sleep(random.Random(str(arguments)).uniform(0.0, 0.5))
        os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        _, said = process.communicate(timeout=END_TIMEOUT_S)
        connection.close()
    # The bars of progress leave empty lines.
    sentences = [line for line in said.splitlines() if line.strip()]
    assert [line[:7] for line in sentences] == ["hydra: "], said
    assert process.returncode == DATABASE_LOST
    assert left_alive(END_TIMEOUT_S, before) == {}


@pytest.mark.parametrize("moment", ["starting", "working"])
def test_the_processes_of_a_killed_sweep_end_at_once(cluster: Cluster, moment: str) -> None:
    cluster.start()
    before = children(os.getpid())
    with (
        connect(cluster.url(DATABASE), autocommit=True) as watching,
        connect(cluster.url(DATABASE)) as locking,
        started(cluster, "sweep", moment, *SWEEP[2:]) as process,
    ):
        if moment == "starting":
            until(lambda: is_spawning(process), process)
            time.sleep(random.Random(moment).uniform(0.0, 1.0))
        else:
            until(lambda: trials_done(watching, moment) >= 1, process)
            # The processes stand still, each with the next trial to do.
            locking.execute("LOCK TABLE ml.trials IN ACCESS EXCLUSIVE MODE")
            wait_for_waiting(cluster, process)
        assert process.poll() is None
        assert is_spawning(process)
        process.kill()
        process.communicate()
        assert left_alive(END_TIMEOUT_S if moment == "starting" else 3.0, before) == {}


def test_a_run_says_once_that_its_database_went_away_and_once_that_it_is_back(
    cluster: Cluster, tmp_path: Path
) -> None:
    cluster.start()
    url = cluster.url(DATABASE)
    with connect(url, autocommit=True) as connection:
        start = datetime(2025, 6, 1, tzinfo=UTC)
        end = start + timedelta(minutes=30)
        plan = RunPlan(TradingMode.PAPER, MarketOrigin.RECORDED, 6, (), (1, 2), start, end)
        run_id = create_run(connection, plan, load_settings()).run_id
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.run_plain", str(run_id), "600"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "HYDRA_DATABASE_URL": url, "HYDRA_STATE_DIRECTORY": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        with connect(url, autocommit=True) as connection:
            until(lambda: cycles_closed(connection, run_id) >= 3, process)
        os.kill(int((cluster.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        time.sleep(3.0)
        assert process.poll() is None
        cluster.start()
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert said.count("the database server went away (") == 1, said
    assert said.count("the database server is back after ") == 1, said
    assert "Traceback" not in said
    with connect(cluster.url(DATABASE), autocommit=True) as connection:
        assert cycles_closed(connection, run_id) == 30


def cycles_closed(connection: psycopg.Connection, run_id: int) -> int:
    query = "SELECT count(*) FROM hydra.cycles WHERE run_id = %s AND state = 'CLOSED'"
    row = connection.execute(query, (run_id,)).fetchone()
    return 0 if row is None else int(row[0])


def test_ctrl_c_on_a_sweep_is_one_sentence_of_all_its_processes(cluster: Cluster) -> None:
    """A terminal sends it to each of them; those that still load modules would answer with a traceback."""
    cluster.start()
    with started(cluster, "sweep", "stopped", *SWEEP[2:]) as process:
        until(lambda: is_spawning(process), process)
        time.sleep(0.3)
        for number in (process.pid, *(number for number, _ in descendants(process.pid))):
            # It may have ended by itself meanwhile.
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGINT)
        _, said = process.communicate(timeout=END_TIMEOUT_S)
    assert said == "hydra: stopped by Ctrl-C\n"
    assert process.returncode == INTERRUPTED


def is_spawning(process: "subprocess.Popen[str]") -> bool:
    return any("--multiprocessing-fork" in words for _, words in descendants(process.pid))


def trials_done(connection: psycopg.Connection, study: str) -> int:
    query = (
        "SELECT count(*) FROM ml.trials JOIN ml.studies USING (study_id) WHERE name = %s AND state = 'DONE'"
    )
    row = connection.execute(query, (study,)).fetchone()
    return 0 if row is None else int(row[0])


def until(holds: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not holds():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < deadline
        time.sleep(0.05)
