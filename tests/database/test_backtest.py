"""A live paper run and a backtest of the same minutes leave the same rows, on both editions."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import polars as pl
import psycopg
import pytest

from hydra.answers.audits import run_audits
from hydra.answers.inputs_of_minute import with_inputs
from hydra.answers.report import read_report
from hydra.answers.why import CountedHour, Explanation, explain
from hydra.backtest.persisted import StoredRows
from hydra.checks.parity import check_parity
from hydra.db.engine import adbc_connect
from hydra.domain import KillScope
from hydra.ingest.simulated import store_market
from hydra.reason_words import Gate
from hydra.trading.kill_by_hand import runs_going_on
from tests.support.backtest_scene import MARKET, MINUTES, START, Scene, made_scene
from tests.support.fact_writer import write_rows
from tests.support.live_run import decide_live
from tests.support.synthetic_market import TABLES


@pytest.fixture(scope="module")
def scene(database_url: str) -> Iterator[Scene]:
    with made_scene(database_url) as made:
        yield made


def test_all_rows_of_a_backtest_are_as_many_as_those_of_the_live_run(scene: Scene) -> None:
    result = scene.backtest(StoredRows.ALL)
    for table in (
        "cycles",
        "assessments",
        "features",
        "signals",
        "risk_decisions",
        "equity",
        "orders",
        "positions",
    ):
        assert scene.count(table, result.run.run_id) == scene.count(table, scene.live.run_id), table


def test_the_funnel_of_counts_is_the_funnel_of_the_rows(scene: Scene) -> None:
    result = scene.backtest(StoredRows.CHANGES)
    query = (
        "SELECT symbol, hour, layer, passed, reason_code, verdicts FROM audit.veto_funnel"
        " WHERE run_id = %s ORDER BY 1, 2, 3, 4, 5"
    )
    counted = scene.connection.execute(query, (result.run.run_id,)).fetchall()
    live = scene.connection.execute(query, (scene.live.run_id,)).fetchall()
    assert counted == live
    assert sum(row[5] for row in counted if row[2] == 4) == 4 * MINUTES


def test_a_backtest_is_repeatable_and_stores_less_than_all(scene: Scene) -> None:
    one, other = scene.backtest(StoredRows.SIGNALS), scene.backtest(StoredRows.CHANGES)
    assert one.equity.equity_e8.tolist() == other.equity.equity_e8.tolist()
    rows = [scene.count("risk_decisions", run.run.run_id) for run in (one, other)]
    assert rows[0] > rows[1] > 0
    assert rows[0] < 4 * MINUTES
    hashes = scene.connection.execute(
        "SELECT DISTINCT data_hash FROM hydra.runs WHERE run_id = ANY (%s)",
        ([one.run.run_id, other.run.run_id],),
    ).fetchall()
    assert hashes == [(one.simulation.prepared.market.data_hash,)]


def without_key(trade: Mapping[str, object]) -> dict[str, object]:
    """A trade without the key that the database gave it."""
    return {name: value for name, value in trade.items() if name != "position_id"}


def test_audits_and_reports_work_on_backtests(scene: Scene) -> None:
    result = scene.backtest(StoredRows.SIGNALS)
    assert [finding for finding in run_audits(scene.connection) if not finding.is_clean] == []
    report = read_report(scene.connection, result.run.run_id)
    live = read_report(scene.connection, scene.live.run_id)
    assert [without_key(trade) for trade in report.trades] == [without_key(trade) for trade in live.trades]
    assert report.generators == live.generators


def test_a_minute_that_was_only_counted_says_so(scene: Scene) -> None:
    result = scene.backtest(StoredRows.CHANGES)
    quiet = scene.connection.execute(
        "SELECT time FROM hydra.assessments WHERE run_id = %s AND instrument_id = %s"
        " EXCEPT SELECT time FROM hydra.assessments WHERE run_id = %s ORDER BY time LIMIT 1",
        (scene.live.run_id, scene.live.instrument_ids[0], result.run.run_id),
    ).fetchone()
    assert quiet is not None
    answer = explain(scene.connection, "BTC", quiet[0].isoformat(), result.run.run_id)
    assert isinstance(answer, CountedHour)
    counted = [row["verdicts"] for row in answer.counts if row["layer"] == 2]
    assert 0 < sum(counted) <= 60
    healthy = replace(answer, counts=[{"layer": 3, "reason_code": "NO_SIGNAL", "verdicts": 60}])
    assert with_inputs(scene.connection, scene.url, healthy) == healthy
    lacking = replace(answer, counts=[{"layer": 2, "reason_code": "DATA_MISSING", "verdicts": 1}])
    read_again = with_inputs(scene.connection, scene.url, lacking).inputs
    live = explain(scene.connection, "BTC", quiet[0].isoformat(), scene.live.run_id)
    assert isinstance(live, Explanation)
    assert read_again == live.gate(Gate.DATA_HEALTH).inputs


def test_the_kill_switch_never_takes_a_backtest_for_the_run_that_trades(scene: Scene) -> None:
    with scene.connection.transaction(force_rollback=True):
        scene.connection.execute("UPDATE hydra.runs SET ended_at = NULL, end_reason = NULL")
        newest = scene.backtest(StoredRows.CHANGES).run.run_id
        scene.connection.execute("UPDATE hydra.runs SET ended_at = NULL WHERE run_id = %s", (newest,))
        going_on = runs_going_on(scene.connection)
    assert newest > scene.live.run_id
    assert [run.run_id for run in going_on] == [scene.live.run_id]


def test_nothing_of_a_backtest_stays_when_its_storing_fails(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise psycopg.errors.DiskFull("no space left")

    monkeypatch.setattr("hydra.backtest.store._store_counts", refuse)
    before = scene.connection.execute("SELECT max(run_id) FROM hydra.runs").fetchone()
    with pytest.raises(psycopg.errors.DiskFull):
        scene.backtest(StoredRows.SIGNALS)
    newest = scene.connection.execute("SELECT max(run_id) FROM hydra.runs").fetchone()
    assert before is not None
    assert newest is not None
    assert newest[0] > before[0], "the run is recorded, and how it ended"
    ended = scene.connection.execute(
        "SELECT end_reason FROM hydra.runs WHERE run_id = %s", (newest[0],)
    ).fetchone()
    assert ended == ("failed: DiskFull: no space left",)
    assert scene.count("risk_decisions", newest[0]) == scene.count("equity", newest[0]) == 0


def test_an_assumed_operator_leaves_a_row_a_clearing_and_the_run_decided_again_is_the_same(
    scene: Scene,
) -> None:
    """C130: cleared at least an hour after the latch, with the reason; audits and parity hold."""
    kill = replace(scene.rules.risk.kill, scope=KillScope.PAIR, cascade_probability=0.004)
    rules = replace(scene.rules, risk=replace(scene.rules.risk, kill=kill), resume_after_hours=1.0)
    run = replace(scene, rules=rules).backtest(StoredRows.ALL).run
    rows = scene.connection.execute(
        "SELECT latched_time, cleared_time, cleared_by, clear_reason FROM hydra.kill_switch"
        " WHERE run_id = %s AND cleared_time IS NOT NULL ORDER BY kill_id",
        (run.run_id,),
    ).fetchall()
    assert rows
    assert all(cleared >= latched + timedelta(hours=1) for latched, cleared, *_ in rows)
    words = ("assumed operator", "the cause is gone and 1 h have passed (--resume-after)")
    assert {row[2:] for row in rows} == {words}
    assert [finding for finding in run_audits(scene.connection) if not finding.is_clean] == []
    parity = check_parity(scene.connection, scene.url, run)
    assert [one.result.first for one in parity.tables if one.result.mismatches] == []


def add_calm_past(url: str, instrument_ids: tuple[int, ...]) -> None:
    """Settlements and ratios of eleven calm weeks before the market begins: enough for own thresholds."""
    begin = START - timedelta(days=88)
    hours = [begin + timedelta(hours=hour) for hour in range(78 * 24)]
    funding = [
        (pair, at, at + timedelta(seconds=5), 0.00001 * (1 + at.day % 5), 8, None)
        for pair in instrument_ids
        for at in hours[::8]
    ]
    ratios = [
        (pair, at, at + timedelta(minutes=1), 1.0 + at.day / 100, None, None, None)
        for pair in instrument_ids
        for at in (hour + timedelta(minutes=55) for hour in hours)
    ]
    frames = {
        "funding_rates": pl.DataFrame(funding, TABLES["funding_rates"], orient="row"),
        "positioning": pl.DataFrame(ratios, TABLES["positioning"], orient="row"),
    }
    with closing(adbc_connect(url)) as writer:
        write_rows(writer, frames)


def test_own_thresholds_are_the_same_live_and_in_a_backtest_across_midnight(scene: Scene) -> None:
    ids = store_market(scene.url, MARKET, MINUTES + 1)[4:6]
    add_calm_past(scene.url, ids)
    rules = replace(scene.rules, signals=replace(scene.rules.signals, is_adaptive=True))
    live = decide_live(scene.connection, scene.url, ids, START - timedelta(minutes=30), 60, rules)
    found = check_parity(scene.connection, scene.url, live)
    compared = {one.table.name: one.rows for one in found.tables}
    assert found.mismatches == 0
    assert compared["assessments"] == 2 * 60
    assert compared["signals"] > 0
    measured = scene.connection.execute(
        "SELECT DISTINCT instrument_id, numbers -> 'measured' ->> 'adaptive_ratio_high_threshold'"
        " FROM hydra.assessments WHERE run_id = %s",
        (live.run_id,),
    ).fetchall()
    assert len(measured) > len(ids), "another day, another past"
    assert all(threshold is not None for _, threshold in measured)
