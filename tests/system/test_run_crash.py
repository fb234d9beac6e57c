"""A run and its processes: killed, stopped, supervised twice, its server asked to go.

That a killed run ends with the rows of an undisturbed one is in test_crash_full_run.py.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.db.server.cluster import Cluster
from hydra.db.server.private import DATABASE, private_cluster, start_private_cluster
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.paths import PROJECT_ROOT
from hydra.settings import load_settings
from hydra.trading.runs import Run, RunPlan, create_run, read_run
from hydra.universe import UNIVERSE
from tests.support.crash_harness import decision_rows, differences, run_disturbed
from tests.support.own_processes import descendants, is_alive
from tests.support.servers.migrated import migrated_server

START = datetime(2025, 6, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A state directory with a private server of its own, migrated."""
    with migrated_server() as (folder, _):
        yield folder


def cluster_of(_home: Path) -> Cluster:
    return private_cluster()


def database(home: Path) -> psycopg.Connection:
    return connect(cluster_of(home).url(DATABASE), autocommit=True)


def new_run(home: Path, minutes: int) -> Run:
    with database(home) as connection:
        ensure_instruments(connection)
        plan = RunPlan(
            TradingMode.PAPER,
            MarketOrigin.RECORDED,
            seed=7,
            feeds=(),
            instrument_ids=tuple(pair.instrument_id for pair in UNIVERSE),
            data_from=START,
            data_to=START + timedelta(minutes=minutes),
        )
        return create_run(connection, plan, load_settings())


def command(run: Run, speed: str = "max") -> list[str]:
    return [sys.executable, "-m", "tests.support.run_plain", str(run.run_id), speed]


def test_a_planted_difference_is_found(home: Path) -> None:
    run = new_run(home, minutes=3)
    run_disturbed(
        command(run), {"HYDRA_STATE_DIRECTORY": str(home)}, [], cluster_of(home).data, time_limit_seconds=180
    )
    with database(home) as connection:
        before = decision_rows(connection, run.run_id)
        connection.execute(
            "UPDATE hydra.equity SET cash_usd = cash_usd + 1 WHERE run_id = %s AND time = %s",
            (run.run_id, START),
        )
        found = differences(before, decision_rows(connection, run.run_id))
    assert [line.split(":")[0] for line in found] == ["equity"]


def test_a_killed_supervisor_leaves_no_process_behind_and_its_run_goes_on(home: Path) -> None:
    run = new_run(home, minutes=120)
    with subprocess.Popen(command(run, "3600"), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL) as supervisor:
        wait_for_cycles(home, run, 5)
        family = [pid for pid, _ in descendants(supervisor.pid)]
        supervisor.send_signal(signal.SIGKILL)
    assert len(family) >= 3
    deadline = time.monotonic() + 45
    while any(is_alive(pid) for pid in family):
        assert time.monotonic() < deadline, "children outlived their supervisor"
        time.sleep(0.05)
    subprocess.run(command(run), check=True, cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL, timeout=60)
    with database(home) as connection:
        assert len(decision_rows(connection, run.run_id)["cycles"]) == 120


def test_the_server_is_not_stopped_under_a_run_without_force(home: Path) -> None:
    run = new_run(home, minutes=100_000)
    down = [sys.executable, "-m", "hydra", "db", "down"]
    with subprocess.Popen(command(run, "600"), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL) as supervisor:
        wait_for_cycles(home, run, 3)
        # Another database in the settings does not change whose server is stopped.
        for settings in ({}, {"HYDRA_DATABASE_URL": "postgresql://u:p@127.0.0.1:1/d"}):
            refused = subprocess.run(
                down,
                cwd=PROJECT_ROOT,
                env={**os.environ, **settings},
                capture_output=True,
                text=True,
                check=False,
            )
            assert refused.returncode == 1
            assert f"run {run.run_id} needs this server" in " ".join(refused.stderr.split())
            assert "--force" in refused.stderr
        assert cluster_of(home).is_running()
        forced = subprocess.run(
            [*down, "--force"], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False
        )
        assert (forced.returncode, "is stopped" in forced.stderr) == (0, True), forced.stderr
        # The run starts its server again and goes on.
        deadline = time.monotonic() + 20
        while not cluster_of(home).is_running():
            assert time.monotonic() < deadline, "the run does not start its server again"
            time.sleep(0.1)
        wait_for_cycles(home, run, 30)
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(20) == 0
    subprocess.run(down, cwd=PROJECT_ROOT, check=True, capture_output=True)
    start_private_cluster()


def test_a_stopped_run_says_so_and_a_second_supervisor_is_refused(home: Path) -> None:
    run = new_run(home, minutes=100_000)
    with subprocess.Popen(command(run, "600"), cwd=PROJECT_ROOT, stdout=subprocess.DEVNULL) as supervisor:
        wait_for_cycles(home, run, 3)
        second = subprocess.run(
            command(run), cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60, check=False
        )
        supervisor.send_signal(signal.SIGINT)
        assert supervisor.wait(20) == 0
    assert "already supervised" in second.stderr
    with database(home) as connection:
        assert read_run(connection, run.run_id).end_reason == "stopped"


def wait_for_cycles(home: Path, run: Run, count: int) -> None:
    deadline = time.monotonic() + 40
    query = "SELECT count(*) FROM hydra.cycles WHERE run_id = %s AND state = 'CLOSED'"
    with database(home) as connection:
        while (row := connection.execute(query, (run.run_id,)).fetchone()) is None or row[0] < count:
            assert time.monotonic() < deadline, "the run does not get going"
            time.sleep(0.1)
