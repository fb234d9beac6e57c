"""Parity: a run decided again is the same in all that it stored, and what is left out is named.

The runs are those that once were false alarms or false passes: a default backtest, a clock that goes on after
the data end, a kill switch by hand, a range inside a hole.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from hydra.backtest.persisted import StoredRows
from hydra.checks.comparer import Mismatch
from hydra.checks.parity import Parity, check_parity
from hydra.checks.recorded_tables import ASSESSMENTS
from hydra.cli.check_tables import parity_as_json, print_parity
from hydra.errors import StopError
from hydra.runtime.notifications import Stage
from hydra.trading import kill_by_hand
from hydra.trading.runs import Run, read_run
from hydra.trading.upgrades import upgrade_run
from hydra.trading.versions import own_version
from tests.support.backtest_scene import MINUTES, START, TRADED_MINUTES, Scene, made_scene
from tests.support.live_run import decide_live
from tests.support.servers.editions import ON_APACHE_ALONE

pytestmark = ON_APACHE_ALONE


@pytest.fixture(scope="module")
def scene(database_url: str) -> Iterator[Scene]:
    with made_scene(database_url) as made:
        yield made


def first_mismatches(parity: Parity) -> list[Mismatch]:
    return [one for table in parity.tables for one in table.result.first[:3]]


def test_a_live_run_decided_again_is_the_same_in_every_column(scene: Scene) -> None:
    found = check_parity(scene.connection, scene.url, scene.live)
    compared = {one.table.name: one.rows for one in found.tables}
    assert first_mismatches(found) == []
    assert (found.first, found.last) == (START, START + timedelta(minutes=MINUTES - 1))
    assert compared["risk_decisions"] == compared["assessments"] == 4 * MINUTES
    assert compared["equity"] == MINUTES
    assert compared["positions"] >= 3
    assert compared["fills"] >= 6


def test_fills_by_recorded_books_and_by_bars_are_both_compared(scene: Scene) -> None:
    rows = scene.connection.execute(
        "SELECT evidence, count(*), min(f.time), max(f.time) FROM hydra.fills AS f"
        " JOIN hydra.orders AS o USING (order_id) WHERE o.run_id = %s GROUP BY evidence ORDER BY evidence",
        (scene.live.run_id,),
    ).fetchall()
    traded = START + timedelta(minutes=TRADED_MINUTES)
    (bar, bars, first_by_bar, _), (book, books, _, last_by_book) = rows
    assert (bar, book) == ("BAR", "BOOK")
    assert min(bars, books) >= 2
    assert last_by_book <= traded < first_by_bar


@pytest.mark.parametrize(
    ("change", "table", "column"),
    [
        (
            "UPDATE hydra.risk_decisions SET reason_code = 'NO_EDGE'"
            " WHERE run_id = %(run)s AND time = %(time)s",
            "risk_decisions",
            "reason_code",
        ),
        (
            "UPDATE hydra.features SET vector[3] = vector[3] * 1.000001 WHERE run_id = %(run)s"
            " AND time = %(time)s AND vector[3] IS NOT NULL",
            "features",
            "vector",
        ),
        (
            "UPDATE hydra.orders SET limit_price = limit_price + 0.1"
            " WHERE run_id = %(run)s AND role = 'ENTRY'",
            "orders",
            "limit_price",
        ),
        (
            "DELETE FROM hydra.equity WHERE run_id = %(run)s AND time = %(time)s",
            "equity",
            None,
        ),
    ],
    ids=["a verdict", "a feature", "a price", "a missing row"],
)
def test_parity_names_what_was_changed(scene: Scene, change: str, table: str, column: str | None) -> None:
    with scene.connection.transaction(force_rollback=True):
        values = {"run": scene.live.run_id, "time": START + timedelta(minutes=100)}
        assert scene.connection.execute(change.encode(), values).rowcount > 0
        parity = check_parity(scene.connection, scene.url, scene.live)
    found = [one for one in parity.tables if one.result.mismatches]
    assert [one.table.name for one in found] == [table]
    named = f"{table}: {column}" if column else table
    assert {one.value for one in found[0].result.first} == {named}


def test_parity_says_when_another_version_decided(scene: Scene) -> None:
    own, older = own_version(), replace(own_version(), code_version="older", readings_hash="before")
    with scene.connection.transaction(force_rollback=True):
        connection, run_id = scene.connection, scene.live.run_id
        assert check_parity(connection, scene.url, scene.live).is_of_this_version
        connection.execute(
            "UPDATE hydra.runs SET code_version = 'older', readings_hash = 'before', end_reason = 'stopped'"
            " WHERE run_id = %s",
            (run_id,),
        )
        upgrade_run(connection, read_run(connection, run_id))
        parity = check_parity(connection, scene.url, scene.live)
    assert [one.version for one in parity.versions] == [older, own]
    console = Console(width=400)
    with console.capture() as captured:
        print_parity(console, parity)
    begun = f"{START:%Y-%m-%d %H:%M}"
    assert (
        f"run {run_id} was decided by another version (from {begun} UTC on: code older, here "
        f"{own.code_version}; readings before, here {own.readings_hash}): "
        "a difference may come from the code, not from the run"
    ) in captured.get()
    said = json.loads(json.dumps(parity_as_json(parity), default=str))
    assert said["versions"][0]["version"]["code_version"] == "older"
    assert said["decided_again_by"]["code_version"] == own.code_version


def test_a_run_that_has_decided_nothing_cannot_be_compared(scene: Scene) -> None:
    idle = replace(scene.live, run_id=-1)
    with pytest.raises(StopError, match="has not decided a minute"):
        check_parity(scene.connection, scene.url, idle)


# A backtest


@pytest.mark.parametrize("rows", StoredRows)
def test_a_backtest_of_any_rows_is_the_same_in_all_that_it_stored(scene: Scene, rows: StoredRows) -> None:
    run = scene.backtest(rows).run
    parity = check_parity(scene.connection, scene.url, run)
    compared = {one.table.name: one.rows for one in parity.tables}
    assert first_mismatches(parity) == []
    assert compared["risk_decisions"] == scene.count("risk_decisions", run.run_id) > 0
    assert compared["veto_counts"] == scene.count("veto_counts", run.run_id) > 0
    assert compared["equity"] == scene.count("equity", run.run_id) > 0
    unstored = 4 * MINUTES - scene.count("risk_decisions", run.run_id)
    said = [name for name in parity.left_out if name.startswith(f"{unstored:,} of {4 * MINUTES:,}")]
    assert len(said) == (0 if rows is StoredRows.ALL else 1)


def test_a_row_that_a_default_backtest_lost_is_found(scene: Scene) -> None:
    run = scene.backtest(StoredRows.SIGNALS).run
    with scene.connection.transaction(force_rollback=True):
        scene.connection.execute(
            "DELETE FROM hydra.features WHERE (run_id, instrument_id, time) IN"
            " (SELECT run_id, instrument_id, time FROM hydra.features WHERE run_id = %s LIMIT 1)",
            (run.run_id,),
        )
        parity = check_parity(scene.connection, scene.url, run)
    assert [(one.value, one.expected, one.found) for one in first_mismatches(parity)] == [
        ("features", None, "a row")
    ]


def test_a_backtest_that_does_not_say_its_rows_is_compared_in_those_it_has(scene: Scene) -> None:
    run = scene.backtest(StoredRows.SIGNALS).run
    silent = replace(run, config={name: one for name, one in run.config.items() if name != "stored_rows"})
    parity = check_parity(scene.connection, scene.url, silent)
    assert first_mismatches(parity) == []
    assert "does not say which rows" in parity.left_out["rows that are missing"]


# What is left out


def test_every_column_that_is_left_out_is_listed_with_its_reason(scene: Scene) -> None:
    left_out = check_parity(scene.connection, scene.url, scene.live).left_out
    assert left_out["risk_decisions.reason"] == "words, written from numbers that are compared"
    assert left_out["orders.order_id"] == "a number that the database gives"
    assert left_out["equity.recorded_at"] == "wall clock of the row"


def test_a_new_column_is_compared_as_soon_as_it_exists(scene: Scene) -> None:
    with scene.connection.transaction(force_rollback=True):
        scene.connection.execute("ALTER TABLE hydra.assessments ADD COLUMN novelty INTEGER DEFAULT 3")
        parity = check_parity(scene.connection, scene.url, scene.live)
    found = {table.table.name: table.result for table in parity.tables if table.result.mismatches}
    assert {one.value for one in found[ASSESSMENTS.name].first} == {"assessments: novelty"}
    assert found[ASSESSMENTS.name].mismatches == 4 * MINUTES


# Minutes without candles


@pytest.mark.parametrize(
    ("begins_before_end", "minutes"), [(20, 60), (-180, 20)], ids=["on after the data end", "inside a hole"]
)
def test_every_minute_of_the_clock_is_compared_with_candles_or_without(
    scene: Scene, begins_before_end: int, minutes: int
) -> None:
    """The market ends at START + MINUTES + 1; the clock decides on."""
    start = START + timedelta(minutes=MINUTES + 1 - begins_before_end)
    live = decide_live(scene.connection, scene.url, scene.live.instrument_ids, start, minutes, scene.rules)
    parity = check_parity(scene.connection, scene.url, live)
    compared = {one.table.name: one.rows for one in parity.tables}
    assert first_mismatches(parity) == []
    assert (parity.minutes, compared["assessments"], compared["equity"]) == (minutes, 4 * minutes, minutes)
    assert parity.last == start + timedelta(minutes=minutes - 1)


# Kill switches by hand


def held_minute(scene: Scene) -> datetime:
    """A minute after the first fill, when something is held."""
    row = scene.connection.execute(
        "SELECT min(opened_time) FROM hydra.positions"
        " WHERE run_id = %s AND closed_time > opened_time + interval '5 min'",
        (scene.live.run_id,),
    ).fetchone()
    assert row is not None
    assert isinstance(row[0], datetime)
    return row[0].replace(second=0, microsecond=0) + timedelta(minutes=2)


@pytest.mark.parametrize("stage", [Stage.BOOK_FILLS, Stage.DECIDE, Stage.EXECUTE])
@pytest.mark.parametrize("whole", [True, False], ids=["portfolio", "pair"])
def test_a_kill_and_its_clearing_by_hand_are_inputs_of_the_replay(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, stage: Stage, whole: bool
) -> None:
    """Latched while a position is held, before any stage of the minute, and cleared half an hour later."""
    monkeypatch.setattr(kill_by_hand, "COOL_DOWN", timedelta(minutes=10))
    latched, run_ids = held_minute(scene), []

    def operate(run: Run, time: datetime, before: Stage) -> None:
        run_ids.append(run.run_id)
        if before is stage and time == latched:
            pair = None if whole else scene.live.instrument_ids[0]
            kill_by_hand.latch_by_hand(scene.connection, run.run_id, pair, "a test", "tester")
        if before is stage and time == latched + timedelta(minutes=30):
            kill_by_hand.clear_by_hand(scene.connection, run.run_id, None, "a test", "tester")

    minutes = int((latched - START) / timedelta(minutes=1)) + 45
    ids = scene.live.instrument_ids
    live = decide_live(scene.connection, scene.url, ids, START, minutes, scene.rules, operate)
    parity = check_parity(scene.connection, scene.url, live)
    killed = scene.connection.execute(
        "SELECT min(time), max(time) FROM hydra.risk_decisions"
        " WHERE run_id = %s AND reason_code = 'KILL_SWITCH'",
        (live.run_id,),
    ).fetchone()
    late = timedelta(minutes=1 if stage is Stage.EXECUTE else 0)
    assert killed == (latched + late, latched + late + timedelta(minutes=29))
    assert first_mismatches(parity) == []
    assert parity.rows > 4 * minutes
