"""A run belongs to one version: no other decides its minutes, and an upgrade leaves a row."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner, Result

from hydra.answers.audits import run_audits
from hydra.answers.report import read_report
from hydra.answers.run_facts import fact_list
from hydra.cli.main import app
from hydra.db import queries
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.ingest.instruments import ensure_instruments
from hydra.runtime.clock import CycleClock
from hydra.runtime.message_broker import make_broker
from hydra.runtime.minute_opening import ReplayedMinutes
from hydra.runtime.notifications import STEPS, Stage, step_of
from hydra.runtime.speed import Speed
from hydra.settings import load_settings
from hydra.trading.cycle import Cycle
from hydra.trading.runs import EndReason, Run, RunPlan, create_run, end_run, lock_run, read_run, reopen_run
from hydra.trading.upgrades import upgrade_run, versions_of_run
from hydra.trading.versions import code_version, own_version
from tests.support.plain_stages import HANDLERS
from tests.support.servers.logins import as_role
from workers.stages import StageWorker, advance

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NO_FILE = Path("no-such-file.env")
PARTS = ("code_version", "readings_hash", "feature_set_version", "cost_model_version")


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(as_role(database_url, Role.OWNER), autocommit=True)) as connection:
        yield connection


@pytest.fixture
def run(connection: psycopg.Connection) -> Run:
    """A stopped run whose first minute is decided."""
    ensure_instruments(connection)
    end = START + timedelta(days=1)
    plan = RunPlan(TradingMode.PAPER, MarketOrigin.RECORDED, 7, (), (1, 2, 3), START, end)
    created = create_run(connection, plan, load_settings(NO_FILE))
    assert open_minute(connection, created.run_id, START)
    for step in STEPS:
        assert advance(connection, created, step, HANDLERS[step.stage]) is not None
    end_run(connection, created.run_id, EndReason.STOPPED)
    return read_run(connection, created.run_id)


def open_minute(connection: psycopg.Connection, run_id: int, time: datetime, code: str | None = None) -> bool:
    values = {
        "run_id": run_id,
        "time": time,
        "as_of": time + timedelta(seconds=2),
        "code_version": code or code_version(),
    }
    return connection.execute(queries.load("stages/open_cycle"), values).rowcount == 1


def give_to_other(connection: psycopg.Connection, run: Run, parts: Sequence[str] = PARTS) -> Run:
    """The run as another version would have made it, its minutes included."""
    for part in parts:
        change = sql.SQL("UPDATE hydra.runs SET {} = 'older' WHERE run_id = %s").format(sql.Identifier(part))
        connection.execute(change, (run.run_id,))
    if "code_version" in parts:
        connection.execute("UPDATE hydra.cycles SET code_version = 'older' WHERE run_id = %s", (run.run_id,))
    if "feature_set_version" in parts:
        query = "UPDATE hydra.features SET feature_set_version = 'older' WHERE run_id = %s"
        connection.execute(query, (run.run_id,))
    return read_run(connection, run.run_id)


def cycles(connection: psycopg.Connection, run: Run) -> list[tuple[str, str]]:
    query = "SELECT state, code_version FROM hydra.cycles WHERE run_id = %s ORDER BY time"
    return [(row[0], row[1]) for row in connection.execute(query, (run.run_id,))]


def assert_audit_is_silent(connection: psycopg.Connection) -> None:
    found = {finding.audit: finding.first_rows for finding in run_audits(connection)}
    assert not found["row_of_another_version"]


@pytest.mark.parametrize("part", PARTS)
def test_a_worker_refuses_a_run_that_differs_in_any_part_of_its_version(
    connection: psycopg.Connection, database_url: str, run: Run, part: str
) -> None:
    assert open_minute(connection, run.run_id, START + MINUTE)
    give_to_other(connection, run, [part])
    broker = make_broker(load_settings(NO_FILE), [])
    worker = StageWorker(broker, HANDLERS, lambda: database_url)
    with pytest.raises(StopError, match=f"run {run.run_id} belongs to another version .* older, here"):
        worker.on_message(step_of(Stage.BOOK_FILLS), run.run_id)
    worker.before_worker_thread_shutdown(broker, None)
    assert [state for state, _ in cycles(connection, run)] == ["CLOSED", "OPEN"]


def test_no_stage_takes_a_minute_of_another_version(connection: psycopg.Connection, run: Run) -> None:
    assert open_minute(connection, run.run_id, START + MINUTE)
    give_to_other(connection, run)
    # The run as a worker remembers it that read it earlier.
    assert advance(connection, run, STEPS[0], HANDLERS[Stage.BOOK_FILLS]) is None
    assert cycles(connection, run)[-1] == ("OPEN", "older")


def test_no_clock_opens_a_minute_for_another_version(connection: psycopg.Connection, run: Run) -> None:
    give_to_other(connection, run)
    assert not open_minute(connection, run.run_id, START + MINUTE)
    broker = make_broker(load_settings(NO_FILE), [])
    with pytest.raises(StopError, match="belongs to another version"):
        CycleClock(run, connection, broker, ReplayedMinutes(Speed(None))).work()
    assert cycles(connection, run) == [("CLOSED", "older")]


@pytest.mark.parametrize("part", PARTS)
def test_resume_refuses_another_version_with_what_to_do(
    connection: psycopg.Connection, run: Run, part: str
) -> None:
    other = give_to_other(connection, run, [part])
    with pytest.raises(StopError, match=rf"`hydra run --resume {run.run_id} --upgrade`, which is recorded"):
        reopen_run(connection, other, "max")
    assert read_run(connection, run.run_id).end_reason == "stopped"


def test_an_upgrade_leaves_a_row_and_the_run_goes_on(connection: psycopg.Connection, run: Run) -> None:
    other = give_to_other(connection, run)
    upgraded = upgrade_run(connection, other)
    assert upgraded.version == own_version()
    assert [(one.first_minute, one.version) for one in versions_of_run(connection, run.run_id)] == [
        (START, other.version),
        (START + MINUTE, own_version()),
    ]
    reopen_run(connection, upgraded, "max")
    assert open_minute(connection, run.run_id, START + MINUTE)
    for step in STEPS:
        assert advance(connection, upgraded, step, HANDLERS[step.stage]) is not None
    assert cycles(connection, run) == [("CLOSED", "older"), ("CLOSED", code_version())]
    assert_audit_is_silent(connection)
    assert upgrade_run(connection, upgraded) == upgraded
    assert len(versions_of_run(connection, run.run_id)) == 2


def test_a_half_decided_minute_is_handed_over_with_how_far_it_was(
    connection: psycopg.Connection, run: Run
) -> None:
    assert open_minute(connection, run.run_id, START + MINUTE)
    for step in STEPS[:3]:
        assert advance(connection, run, step, HANDLERS[step.stage]) is not None
    upgraded = upgrade_run(connection, give_to_other(connection, run))
    row = connection.execute(
        "SELECT number, time, state FROM hydra.run_versions WHERE run_id = %s AND number > 1", (run.run_id,)
    ).fetchall()
    assert row == [(2, START + MINUTE, "SIGNALLED")]
    for step in STEPS[3:]:
        assert advance(connection, upgraded, step, HANDLERS[step.stage]) is not None
    assert cycles(connection, run) == [("CLOSED", "older"), ("CLOSED", code_version())]
    assert_audit_is_silent(connection)


def test_an_upgrade_waits_for_the_stage_at_work_and_the_next_stage_is_the_new_version_s(
    connection: psycopg.Connection, database_url: str, run: Run
) -> None:
    """What this process claims stands for the version before: the run is upgraded from it to 'newer'."""
    assert open_minute(connection, run.run_id, START + MINUTE)
    inside, leave = threading.Event(), threading.Event()

    def slow(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        HANDLERS[Stage.BOOK_FILLS](connection, run, cycle)
        inside.set()
        assert leave.wait(10)

    working = threading.Thread(target=advance, args=(connection, run, STEPS[0], slow))
    working.start()
    assert inside.wait(10)
    with closing(connect(database_url, autocommit=True)) as other, closing(connect(database_url)) as newer:
        upgrading = threading.Thread(target=take_over, args=(newer, run.run_id))
        upgrading.start()
        wait_until_blocked(other)
        leave.set()
        working.join(10)
        upgrading.join(10)
        assert cycles(other, run)[-1] == ("FILLS_BOOKED", "newer")
        assert advance(other, run, STEPS[1], HANDLERS[Stage.ASSESS]) is None


def test_no_minute_of_the_version_before_is_opened_beside_an_upgrade(
    connection: psycopg.Connection, database_url: str, run: Run
) -> None:
    """A clock that comes too late waits for the upgrade, and then sees it."""
    opened: list[bool] = []
    with closing(connect(database_url)) as newer, closing(connect(database_url, autocommit=True)) as other:
        newer.execute(queries.load("stages/hold_version"), {"run_id": run.run_id})
        late = threading.Thread(
            target=lambda: opened.append(open_minute(connection, run.run_id, START + MINUTE))
        )
        late.start()
        wait_until_blocked(other)
        take_over(newer, run.run_id)
        late.join(10)
    assert opened == [False]


def take_over(connection: psycopg.Connection, run_id: int) -> None:
    """What `upgrade_run` does, by a version that is called newer."""
    values = {"run_id": run_id, **dict.fromkeys(PARTS, "newer")}
    connection.execute(queries.load("stages/hold_version"), values)
    # The minute is the newest one, which this locks.
    connection.execute(queries.load("stages/run_time"), values)
    connection.execute(queries.load("stages/add_version"), {**values, "time": START + MINUTE, "state": None})
    connection.execute(queries.load("stages/set_version"), values)
    connection.commit()


def wait_until_blocked(connection: psycopg.Connection) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(1_000):
        row = connection.execute(query).fetchone()
        if row is not None and row[0]:
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody waits for a lock")


def test_a_supervised_or_finished_run_is_not_upgraded(
    connection: psycopg.Connection, database_url: str, run: Run
) -> None:
    other = give_to_other(connection, run)
    with closing(connect(database_url, autocommit=True)) as supervisor:
        lock_run(supervisor, run.run_id)
        with pytest.raises(StopError, match="already supervised"):
            upgrade_run(connection, other)
        assert read_run(connection, run.run_id).version == other.version
        supervisor.execute("SELECT pg_advisory_unlock_all()")
        connection.execute("UPDATE hydra.runs SET end_reason = 'finished' WHERE run_id = %s", (run.run_id,))
        with pytest.raises(StopError, match=f"run {run.run_id} is finished"):
            upgrade_run(connection, read_run(connection, run.run_id))
        # The upgrade gave the lock back.
        lock_run(supervisor, run.run_id)


def hydra(database_url: str, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "300")
    return CliRunner().invoke(app, arguments)


def test_status_and_report_and_why_and_parity_name_the_version(
    connection: psycopg.Connection, database_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = str(run.run_id)
    give_to_other(connection, run)
    listed = hydra(database_url, monkeypatch, "runs", "list").stdout
    assert re.search(rf"Of another version than this: runs? {number}.*; `hydra run --resume` says", listed)
    of_run = next(
        one
        for one in json.loads(hydra(database_url, monkeypatch, "status", "--json").stdout)["runs"]
        if one["run_id"] == run.run_id
    )
    assert (of_run["code_version"], of_run["versions"]) == ("older", 1)
    said = hydra(database_url, monkeypatch, "why", "BTC", "--run", number).stdout
    assert f"decided by code older; the rules are shown as this code, {code_version()}, has them" in said
    upgrade_run(connection, read_run(connection, run.run_id))
    listed = hydra(database_url, monkeypatch, "status").stdout
    assert re.search(rf"Decided by several versions: runs? {number}.*; `hydra report` names them", listed)
    with connect(database_url) as reader:
        facts = dict(fact_list(read_report(reader, run.run_id).facts))
    assert facts["Code"] == f"older, from 2025-06-01 00:01 UTC on {code_version()}"
    assert facts["Cost model"] == f"older, from 2025-06-01 00:01 UTC on {own_version().cost_model_version}"


def test_upgrade_asks_for_a_run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = hydra(database_url, monkeypatch, "run", "--upgrade")
    assert isinstance(refused.exception, StopError)
    assert "name the run with --resume" in str(refused.exception)
