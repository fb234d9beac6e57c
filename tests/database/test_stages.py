"""A stage takes each cycle exactly once: rows and state commit together or not at all."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from hydra.cli.main import app
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import StopError
from hydra.ingest.instruments import ensure_instruments
from hydra.runtime.notifications import CYCLE_CLOSED_CHANNEL, STEPS, Stage, step_of
from hydra.runtime.run_market import recorded_market
from hydra.settings import load_settings
from hydra.trading.cycle import Cycle
from hydra.trading.kill_by_hand import COOL_DOWN, clear_by_hand, latch_by_hand, run_time
from hydra.trading.kill_switch import read_latched
from hydra.trading.runs import (
    EndReason,
    Run,
    RunPlan,
    create_run,
    end_run,
    find_instrument,
    lock_run,
    read_run,
    reopen_run,
)
from tests.support.plain_stages import HANDLERS
from tests.support.rows import add
from tests.support.servers.logins import as_role
from workers.stages import advance

START = datetime(2025, 6, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as connection:
        yield connection


@pytest.fixture
def run(connection: psycopg.Connection) -> Run:
    ensure_instruments(connection)
    plan = RunPlan(
        TradingMode.PAPER,
        MarketOrigin.RECORDED,
        7,
        ("order_book",),
        (1, 2, 3),
        START,
        START + timedelta(days=1),
    )
    return create_run(connection, plan, load_settings(Path("no-such-file.env")))


def open_cycle(connection: psycopg.Connection, run: Run, time: datetime = START) -> None:
    row = {
        "run_id": run.run_id,
        "time": time,
        "state": "OPEN",
        "as_of": time + timedelta(seconds=2),
        "code_version": run.code_version,
    }
    add(connection, "hydra.cycles", row)


def state(connection: psycopg.Connection, run: Run) -> str:
    row = connection.execute("SELECT state FROM hydra.cycles WHERE run_id = %s", (run.run_id,)).fetchone()
    assert row is not None
    return str(row[0])


def settled(connection: psycopg.Connection, run: Run) -> int:
    row = connection.execute("SELECT count(*) FROM hydra.equity WHERE run_id = %s", (run.run_id,)).fetchone()
    assert row is not None
    return int(row[0])


def test_each_stage_moves_the_cycle_one_state_on_and_the_last_one_closes_it(
    connection: psycopg.Connection, run: Run
) -> None:
    open_cycle(connection, run)
    for step in STEPS:
        cycle = advance(connection, run, step, HANDLERS[step.stage])
        assert cycle == Cycle(run.run_id, START, START + timedelta(seconds=2))
        assert state(connection, run) == step.leads_to
    closed = connection.execute(
        "SELECT closed_at IS NOT NULL FROM hydra.cycles WHERE run_id = %s", (run.run_id,)
    ).fetchone()
    assert closed == (True,)


def test_a_doubled_message_finds_nothing_to_do(connection: psycopg.Connection, run: Run) -> None:
    open_cycle(connection, run)
    step = step_of(Stage.BOOK_FILLS)
    assert advance(connection, run, step, HANDLERS[Stage.BOOK_FILLS]) is not None
    assert advance(connection, run, step, HANDLERS[Stage.BOOK_FILLS]) is None
    assert settled(connection, run) == 1


def test_an_early_message_finds_nothing_to_do(connection: psycopg.Connection, run: Run) -> None:
    open_cycle(connection, run)
    assert advance(connection, run, step_of(Stage.DECIDE), HANDLERS[Stage.DECIDE]) is None
    assert state(connection, run) == "OPEN"


def test_an_answer_that_fails_leaves_neither_rows_nor_state(connection: psycopg.Connection, run: Run) -> None:
    open_cycle(connection, run)

    def torn(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        HANDLERS[Stage.BOOK_FILLS](connection, run, cycle)
        raise StopError("planted")

    with pytest.raises(StopError, match="planted"):
        advance(connection, run, step_of(Stage.BOOK_FILLS), torn)
    assert (state(connection, run), settled(connection, run)) == ("OPEN", 0)


def test_two_processes_never_answer_the_same_cycle(
    connection: psycopg.Connection, database_url: str, run: Run
) -> None:
    open_cycle(connection, run)
    inside, leave = threading.Event(), threading.Event()

    def slow(connection: psycopg.Connection, run: Run, cycle: Cycle) -> None:
        inside.set()
        assert leave.wait(10)
        HANDLERS[Stage.BOOK_FILLS](connection, run, cycle)

    step = step_of(Stage.BOOK_FILLS)
    first = threading.Thread(target=advance, args=(connection, run, step, slow))
    first.start()
    assert inside.wait(10)
    with closing(connect(database_url, autocommit=True)) as other:
        assert advance(other, run, step, HANDLERS[Stage.BOOK_FILLS]) is None
        leave.set()
        first.join(10)
        assert (state(other, run), settled(other, run)) == ("FILLS_BOOKED", 1)


def test_the_end_of_a_cycle_is_announced_once_and_only_the_end(
    connection: psycopg.Connection, database_url: str, run: Run
) -> None:
    open_cycle(connection, run)
    with closing(connect(database_url, autocommit=True)) as listener:
        listener.execute(f'LISTEN "{CYCLE_CLOSED_CHANNEL}"')
        for step in STEPS:
            assert not list(listener.notifies(timeout=0))
            advance(connection, run, step, HANDLERS[step.stage])
        heard = [notice.payload for notice in listener.notifies(timeout=1, stop_after=1)]
    assert heard == [str(run.run_id)]


def test_only_the_end_of_a_cycle_waits_for_the_disk(connection: psycopg.Connection, run: Run) -> None:
    open_cycle(connection, run)
    seen = []

    def note(connection: psycopg.Connection, _run: Run, _cycle: Cycle) -> None:
        seen.append(connection.execute("SHOW synchronous_commit").fetchone())

    for step in STEPS:
        advance(connection, run, step, note)
    assert seen == [("off",)] * 4 + [("on",)]


def test_a_run_says_what_it_was_decided_with(connection: psycopg.Connection, run: Run) -> None:
    again = read_run(connection, run.run_id)
    assert again == run
    assert (again.label, again.feeds, again.instrument_ids) == ("recorded", ("order_book",), (1, 2, 3))
    assert again.config["settings"]["max_positions"] == 5
    assert not [
        name for name in again.config["settings"] if "key" in name or "secret" in name or "url" in name
    ]
    with pytest.raises(StopError, match="there is no run 999999"):
        read_run(connection, 999_999)


def test_a_stopped_run_goes_on_and_a_finished_one_does_not(connection: psycopg.Connection, run: Run) -> None:
    end_run(connection, run.run_id, EndReason.STOPPED)
    end_run(connection, run.run_id, EndReason.FINISHED)
    stopped = read_run(connection, run.run_id)
    assert stopped.end_reason == "stopped"
    reopen_run(connection, stopped, "60")
    again = read_run(connection, run.run_id)
    assert (again.ended_at, again.speed, again.config_hash) == (None, "60", run.config_hash)
    end_run(connection, run.run_id, EndReason.FINISHED)
    with pytest.raises(StopError, match=f"run {run.run_id} is finished"):
        reopen_run(connection, read_run(connection, run.run_id), "max")


def test_a_run_has_one_supervisor(connection: psycopg.Connection, database_url: str, run: Run) -> None:
    lock_run(connection, run.run_id)
    with closing(connect(database_url, autocommit=True)) as other:
        with pytest.raises(StopError, match="already supervised"):
            lock_run(other, run.run_id)
        lock_run(other, run.run_id + 1)


def test_a_kill_switch_latches_once_and_clears_after_its_cool_down(
    connection: psycopg.Connection, run: Run
) -> None:
    open_cycle(connection, run)
    assert latch_by_hand(connection, run.run_id, None, "the news is bad", "operator") == START
    assert latch_by_hand(connection, run.run_id, None, "again, but the first cause stays", "operator") is None
    pair = find_instrument(connection, run, "btcusdt")
    latch_by_hand(connection, run.run_id, pair, "only this", "operator")
    assert [(item.scope, item.symbol, item.cause) for item in read_latched(connection, run.run_id)] == [
        ("portfolio", None, "the news is bad"),
        ("pair", "BTC", "only this"),
    ]
    with pytest.raises(StopError, match="the cool-down of 60 minutes has not passed"):
        clear_by_hand(connection, run.run_id, None, "calm again", "operator")
    open_cycle(connection, run, START + COOL_DOWN)
    assert run_time(connection, run.run_id) == START + COOL_DOWN
    cleared = clear_by_hand(connection, run.run_id, "BTC", "calm again", "operator")
    assert [item.symbol for item in cleared] == ["BTC"]
    assert [item.symbol for item in read_latched(connection, run.run_id)] == [None]
    row = connection.execute(
        "SELECT cleared_time, cleared_by, clear_reason FROM hydra.kill_switch WHERE kill_id = %s",
        (cleared[0].kill_id,),
    ).fetchone()
    assert row == (START + COOL_DOWN, "operator", "calm again")
    with pytest.raises(StopError, match="nothing is latched"):
        clear_by_hand(connection, run.run_id, "BTC", "twice", "operator")


def test_kill_and_resume_name_what_they_do(
    connection: psycopg.Connection, database_url: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    chosen = ["--run", str(run.run_id), "--reason"]
    open_cycle(connection, run)
    killed = CliRunner().invoke(app, ["kill", *chosen, "exchange outage", "--symbol", "eth"])
    assert killed.exit_code == 0, killed.output
    assert f"Run {run.run_id}: kill switch latched for ETH at 2025-06-01 00:00 UTC" in killed.output
    early = CliRunner().invoke(app, ["resume", *chosen, "back"])
    assert isinstance(early.exception, StopError)
    open_cycle(connection, run, START + COOL_DOWN)
    resumed = CliRunner().invoke(app, ["resume", *chosen, "back"])
    assert f"Run {run.run_id}: cleared ETH, latched 2025-06-01 00:00 UTC: exchange outage" in resumed.output


def test_a_recorded_market_reaches_as_far_as_its_candles(
    connection: psycopg.Connection, run: Run, database_url: str
) -> None:
    del run
    with pytest.raises(StopError, match="no recorded market is stored"):
        recorded_market(connection, (), None, None)
    connection.execute(
        "INSERT INTO market.candles_1m (instrument_id, time, known_at, open, high, low, close, volume)"
        " SELECT 1, t, t + interval '62 s', 1, 1, 1, 1, 1"
        " FROM generate_series(%s, %s, interval '1 minute') AS t",
        (START, START + 9 * MINUTE),
    )
    market = recorded_market(connection, ("BTC",), None, None)
    assert (market.instrument_ids, market.feeds) == ((1,), ())
    assert (market.data_from, market.data_to) == (START + MINUTE, START + 11 * MINUTE)
    with pytest.raises(StopError, match="stored from 2025-06-01 00:00 to 2025-06-01 00:09 UTC"):
        recorded_market(connection, ("BTC",), START + timedelta(days=3), None)
    with connect(as_role(database_url, Role.OWNER), autocommit=True) as owner:
        owner.execute("DELETE FROM market.candles_1m")
