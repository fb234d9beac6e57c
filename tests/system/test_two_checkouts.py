"""Two checkouts of different code on one database: each decides its own runs; an upgrade hands one over."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.trading.runs import read_run
from hydra.trading.upgrades import versions_of_run
from tests.support.checkouts import Checkout
from tests.support.own_processes import descendants, is_alive
from tests.support.servers.databases import TestServer

MINUTES = 40
CREATE = """
from datetime import UTC, datetime, timedelta
from hydra.db.engine import connect
from hydra.db.logins import database_url
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.ingest.instruments import ensure_instruments
from hydra.settings import load_settings
from hydra.trading.runs import RunPlan, create_run
settings, start = load_settings(), datetime(2025, 6, 1, tzinfo=UTC)
with connect(database_url(settings, Role.WORKER), autocommit=True) as connection:
    ensure_instruments(connection)
    end = start + timedelta(minutes={minutes})
    plan = RunPlan(TradingMode.PAPER, MarketOrigin.RECORDED, 7, (), (1, 2, 3), start, end)
    print(create_run(connection, plan, settings).run_id)
"""


@pytest.fixture(scope="module")
def database(servers: dict[Edition, TestServer]) -> Iterator[str]:
    with servers[Edition.APACHE].migrated() as url:
        yield url


@pytest.fixture
def connection(database: str) -> Iterator[psycopg.Connection]:
    with connect(database, autocommit=True) as opened:
        yield opened


@pytest.fixture
def this(database: str, tmp_path: Path) -> Checkout:
    return Checkout.copied(tmp_path / "this", database)


@pytest.fixture
def other(database: str, tmp_path: Path) -> Checkout:
    """The same code but for a comment, and the words that its stages write."""
    copy = Checkout.copied(tmp_path / "other", database)
    copy.change("hydra/domain.py")
    copy.change("tests/support/plain_stages.py", "'plain'", "'other'")
    return copy


def new_run(checkout: Checkout, minutes: int = MINUTES) -> int:
    return int(checkout.run("-c", CREATE.format(minutes=minutes)))


def supervised(checkout: Checkout, run_id: int) -> AbstractContextManager["subprocess.Popen[str]"]:
    """Ten minutes a second: soon done, and slow enough for two runs to go on beside each other."""
    return checkout.process("-m", "tests.support.run_plain", str(run_id), "600")


def deciders(connection: psycopg.Connection, run_id: int) -> set[str]:
    """The words of the stages that decided a run."""
    query = "SELECT DISTINCT reason FROM hydra.{} WHERE run_id = %s"
    found = [
        connection.execute(query.format(table).encode(), (run_id,)).fetchall()
        for table in ("assessments", "risk_decisions", "signals")
    ]
    return {row[0] for rows in found for row in rows}


def stamps(connection: psycopg.Connection, run_id: int) -> list[tuple[str, int]]:
    """The codes that the minutes of a run name, in their order, with the number of closed minutes."""
    query = (
        "SELECT code_version, count(*) FILTER (WHERE state = 'CLOSED') FROM hydra.cycles WHERE run_id = %s"
        " GROUP BY code_version ORDER BY min(time)"
    )
    return [(row[0], row[1]) for row in connection.execute(query, (run_id,))]


def wait_for_minutes(connection: psycopg.Connection, run_id: int, count: int) -> None:
    deadline = time.monotonic() + 180
    while sum(number for _, number in stamps(connection, run_id)) < count:
        assert time.monotonic() < deadline, "the run does not get going"
        time.sleep(0.1)


def assert_audit_is_silent(connection: psycopg.Connection) -> None:
    found = {finding.audit: finding.first_rows for finding in run_audits(connection)}
    assert not found["row_of_another_version"]


def test_each_checkout_decides_its_own_runs(
    connection: psycopg.Connection, this: Checkout, other: Checkout
) -> None:
    runs = {"plain": (this, new_run(this)), "other": (other, new_run(other))}
    with ExitStack() as stack:
        for process in [stack.enter_context(supervised(*one)) for one in runs.values()]:
            output, _ = process.communicate(timeout=180)
            assert process.returncode == 0, output
            assert "finished" in output
    for words, (_, run_id) in runs.items():
        assert deciders(connection, run_id) == {words}
        assert stamps(connection, run_id) == [(read_run(connection, run_id).code_version, MINUTES)]
    versions = {read_run(connection, run_id).code_version for _, run_id in runs.values()}
    assert len(versions) == 2
    assert_audit_is_silent(connection)


def test_another_checkout_continues_a_stopped_run_only_by_an_upgrade(
    connection: psycopg.Connection, this: Checkout, other: Checkout
) -> None:
    run_id = new_run(this)
    with supervised(this, run_id) as process:
        wait_for_minutes(connection, run_id, 3)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=180)
    stopped = read_run(connection, run_id)
    decided = dict(stamps(connection, run_id))[stopped.code_version]
    resume = ("-m", "hydra.cli.main", "run", "--resume", str(run_id))
    refused = " ".join(other.run(*resume, status=1).split())
    assert f"run {run_id} belongs to another version (code {stopped.code_version}, here " in refused
    assert f"`hydra run --resume {run_id} --upgrade`" in refused
    assert read_run(connection, run_id) == stopped
    # No market is stored: its minutes are decided, and the command says that none had data.
    other.run(*resume, "--upgrade", status=3)
    upgraded = read_run(connection, run_id)
    assert stamps(connection, run_id) == [
        (stopped.code_version, decided),
        (upgraded.code_version, MINUTES - decided),
    ]
    before, after = versions_of_run(connection, run_id)
    assert (before.version, after.version) == (stopped.version, upgraded.version)
    row = connection.execute(
        "SELECT min(time) FROM hydra.cycles WHERE run_id = %s AND code_version = %s",
        (run_id, upgraded.code_version),
    ).fetchone()
    assert row == (after.first_minute,)
    assert_audit_is_silent(connection)


def test_a_run_whose_code_changes_meanwhile_stops_with_what_to_do(
    connection: psycopg.Connection, this: Checkout
) -> None:
    run_id = new_run(this, minutes=10_000)
    with supervised(this, run_id) as process:
        wait_for_minutes(connection, run_id, 3)
        this.change("hydra/domain.py")
        family = dict(descendants(process.pid))
        worker = next(pid for pid, words in family.items() if "--multiprocessing-fork" in words)
        os.kill(worker, signal.SIGKILL)
        output, _ = process.communicate(timeout=180)
    assert process.returncode != 0
    assert f"run {run_id} stops: the code of this checkout has changed from" in output
    assert f"hydra run --resume {run_id}" in output
    assert len(stamps(connection, run_id)) == 1
    deadline = time.monotonic() + 120
    while any(map(is_alive, family)):
        assert time.monotonic() < deadline, "a process of the run outlived its supervisor"
        time.sleep(0.1)
