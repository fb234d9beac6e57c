"""A live run whose news veto and close: decided again, and replayed in a backtest as they became known.

The run is decided twice on one market: without news, then with views planted by what was held then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg
import pytest

from hydra.backtest.persisted import StoredRows
from hydra.backtest.run import BacktestRun, MarketChoice, run_backtest
from hydra.checks.parity import check_parity
from hydra.domain import MarketOrigin, ReasonCode, ScanOutcome
from hydra.durations import MINUTE
from hydra.errors import StopError
from hydra.runtime.notifications import Stage
from hydra.trading.runs import Run
from hydra.trading.stored_news import NewsChoice, NewsInput, news_choice
from tests.support.backtest_scene import FEEDS, MINUTES, SETTINGS, START, Scene, made_scene
from tests.support.live_run import decide_live
from tests.support.news_rows import add_scan, add_view
from tests.support.servers.editions import ON_APACHE_ALONE

pytestmark = ON_APACHE_ALONE


@dataclass
class ToldScene:
    """The scene, and its run with news."""

    plain: Scene
    told: Run

    @property
    def connection(self) -> psycopg.Connection:
        return self.plain.connection

    def backtest(self, news: NewsChoice) -> BacktestRun:
        ids, end = self.told.instrument_ids, START + timedelta(minutes=MINUTES)
        choice = MarketChoice(MarketOrigin.GENERATED, 1, ids, FEEDS, START, end, news=news)
        return run_backtest(
            self.connection, self.plain.url, choice, SETTINGS, self.plain.rules, StoredRows.SIGNALS
        )

    def trades(self, run_id: int) -> list[tuple[object, ...]]:
        return self.connection.execute(
            "SELECT instrument_id, decision_time, side, opened_time, closed_time, exit_reason_code,"
            " net_pnl_usd FROM hydra.positions WHERE run_id = %s ORDER BY decision_time, instrument_id",
            (run_id,),
        ).fetchall()


@pytest.fixture(scope="module")
def scene(database_url: str) -> Iterator[ToldScene]:
    with made_scene(database_url) as made:
        yield ToldScene(made, decided_with_news(made))


def decided_with_news(made: Scene) -> Run:
    """Each position that lasted is told to close half-way: at high confidence once, at low in two scans."""
    held = made.connection.execute(
        "SELECT instrument_id, opened_time, coalesce(closed_time, %s) FROM hydra.positions"
        " WHERE run_id = %s ORDER BY opened_time",
        (START + timedelta(minutes=MINUTES), made.live.run_id),
    ).fetchall()
    plan: dict[datetime, list[tuple[int, str]]] = {}
    lasting = [one for one in held if one[2] - one[1] >= 8 * MINUTE]
    assert len(lasting) >= 2
    for number, (instrument_id, opened, closed) in enumerate(lasting):
        half = (opened + (closed - opened) / 2).replace(second=0, microsecond=0)
        if number % 2 == 0:
            plan.setdefault(half, []).append((instrument_id, "high"))
        else:
            plan.setdefault(half, []).append((instrument_id, "low"))
            plan.setdefault(half + MINUTE, []).append((instrument_id, "low"))

    def tell(run: Run, time: datetime, stage: Stage) -> None:
        if stage is Stage.BOOK_FILLS and time in plan:
            scan_id = add_scan(made.connection, run.run_id, time, ScanOutcome.ANALYZED)
            for instrument_id, confidence in plan.pop(time):
                add_view(
                    made.connection,
                    run.run_id,
                    instrument_id,
                    time,
                    "exit",
                    confidence,
                    known_at=time + timedelta(seconds=20),
                    scan_id=scan_id,
                )

    return decide_live(
        made.connection, made.url, made.live.instrument_ids, START, MINUTES, made.rules, operate=tell
    )


def test_the_news_close_positions_that_were_open_before_them(scene: ToldScene) -> None:
    reasons = [row[5] for row in scene.trades(scene.told.run_id)]
    assert reasons.count(ReasonCode.NEWS_EXIT) >= 2
    assert ReasonCode.NEWS_EXIT not in [row[5] for row in scene.trades(scene.plain.live.run_id)]
    rows = scene.connection.execute(
        "SELECT p.opened_time, v.known_at, e.time, e.numbers ->> 'news_exit_age_seconds'"
        " FROM hydra.positions AS p"
        " JOIN hydra.position_events AS e USING (position_id)"
        " JOIN hydra.news_views AS v USING (run_id, instrument_id)"
        " WHERE p.run_id = %s AND e.kind = 'CHECKED' AND e.reason_code = 'NEWS_EXIT'"
        " AND v.known_at <= e.time + interval '2 s' AND v.known_at > p.opened_time",
        (scene.told.run_id,),
    ).fetchall()
    assert rows
    assert all(opened < known_at < time and float(age) > 0 for opened, known_at, time, age in rows)


def test_a_view_closes_a_pair_once(scene: ToldScene) -> None:
    """No exit loop: no position is opened while the exit stands, and none after it is closed by it."""
    closed = [row for row in scene.trades(scene.told.run_id) if row[5] == ReasonCode.NEWS_EXIT]
    assert len({(row[0], row[1]) for row in closed}) == len(closed)
    late = scene.connection.execute(
        "SELECT count(*) FROM hydra.signals AS s JOIN hydra.news_views AS v USING (run_id, instrument_id)"
        " WHERE s.run_id = %s AND s.chosen AND s.time + interval '2 s' >= v.known_at"
        " AND s.time < v.time + interval '1 hour'",
        (scene.told.run_id,),
    ).fetchone()
    assert late == (0,)


def test_the_run_decided_again_with_its_own_views_is_the_same(scene: ToldScene) -> None:
    found = check_parity(scene.connection, scene.plain.url, scene.told)
    assert [one for table in found.tables for one in table.result.first[:3]] == []
    assert found.rows > 0


def test_parity_notices_a_view_that_the_run_did_not_have(scene: ToldScene) -> None:
    with scene.connection.transaction(force_rollback=True):
        scene.connection.execute(
            "UPDATE hydra.news_views SET known_at = known_at + interval '1 hour' WHERE run_id = %s",
            (scene.told.run_id,),
        )
        found = check_parity(scene.connection, scene.plain.url, scene.told)
    assert found.mismatches > 0


@pytest.mark.parametrize("is_named", [True, False])
def test_a_backtest_that_replays_the_news_trades_as_the_run_did(scene: ToldScene, is_named: bool) -> None:
    news = news_choice(NewsInput.REPLAY, scene.told.run_id if is_named else None)
    result = scene.backtest(news)
    run_id = result.run.run_id
    told = scene.trades(scene.told.run_id)
    # The end of a backtest closes what has no data; here all have them.
    assert scene.trades(run_id) == told
    assert result.run.config["news"] == "replay"
    query = (
        "SELECT instrument_id, time, known_at, action, confidence FROM hydra.news_views"
        " WHERE run_id = %s ORDER BY 1, 2"
    )
    stored = [scene.connection.execute(query, (one,)).fetchall() for one in (run_id, scene.told.run_id)]
    assert stored[0] == stored[1]
    scans = scene.connection.execute(
        "SELECT DISTINCT s.trigger, s.prompt, s.cost_usd, t.run_id FROM hydra.news_scans AS s"
        " JOIN hydra.news_scans AS t ON t.scan_id = s.replayed_scan_id WHERE s.run_id = %s",
        (run_id,),
    ).fetchall()
    assert scans == [("replayed", None, None, scene.told.run_id)]
    found = check_parity(scene.connection, scene.plain.url, result.run)
    assert [one for table in found.tables for one in table.result.first[:3]] == []


def test_of_two_runs_that_read_the_same_news_one_is_replayed(scene: ToldScene) -> None:
    """Else a low exit of each would be two scans in a row (C25)."""
    older = scene.plain.live.run_id
    assert older < scene.told.run_id
    query = "SELECT count(*), count(DISTINCT time) FROM hydra.news_scans WHERE run_id = %s"
    with scene.connection.transaction(force_rollback=True):
        told = scene.connection.execute(query, (scene.told.run_id,)).fetchone()
        times = scene.connection.execute(
            "SELECT time FROM hydra.news_scans WHERE run_id = %s", (scene.told.run_id,)
        ).fetchall()
        pair = scene.told.instrument_ids[0]
        for (time,) in times:
            before = time - timedelta(seconds=5)
            scan_id = add_scan(scene.connection, older, before, ScanOutcome.ANALYZED)
            add_view(scene.connection, older, pair, before, "exit", "low", scan_id=scan_id)
        result = scene.backtest(NewsChoice(NewsInput.REPLAY))
        assert scene.connection.execute(query, (result.run.run_id,)).fetchone() == told
        assert scene.trades(result.run.run_id) == scene.trades(scene.told.run_id)


def test_without_news_a_backtest_is_that_of_the_run_without(scene: ToldScene) -> None:
    result = scene.backtest(NewsChoice())
    assert scene.trades(result.run.run_id) == scene.trades(scene.plain.live.run_id)
    assert result.run.config["news"] == "off"
    row = scene.connection.execute(
        "SELECT count(*) FROM hydra.news_views WHERE run_id = %s", (result.run.run_id,)
    ).fetchone()
    assert row == (0,)


def test_a_replay_of_nothing_is_refused_and_leaves_no_run(scene: ToldScene) -> None:
    count = "SELECT count(*) FROM hydra.runs"
    before = scene.connection.execute(count).fetchone()
    plain = scene.plain.live.run_id
    with pytest.raises(StopError, match=rf"no scan of the news was stored by run {plain} from 2025"):
        scene.backtest(NewsChoice(NewsInput.REPLAY, plain))
    with pytest.raises(StopError, match="there is no run 999"):
        scene.backtest(NewsChoice(NewsInput.REPLAY, 999))
    assert scene.connection.execute(count).fetchone() == before
    with pytest.raises(StopError, match="add --news replay"):
        news_choice(NewsInput.OFF, 3)


def test_a_longer_interval_of_scans_lets_views_count_longer(scene: ToldScene) -> None:
    """The rule is the run's: with 240 minutes a view from hours before the range counts."""
    with scene.connection.transaction(force_rollback=True):
        pair = scene.told.instrument_ids[0]
        early = START - timedelta(hours=4)
        add_view(
            scene.connection,
            scene.plain.live.run_id,
            pair,
            early,
            "hold",
            "low",
            scan_id=add_scan(scene.connection, scene.plain.live.run_id, early, ScanOutcome.ANALYZED),
        )
        choice = NewsChoice(NewsInput.REPLAY, scene.plain.live.run_id)
        with pytest.raises(StopError):
            scene.backtest(choice)
        scene.plain.rules = replace(scene.plain.rules, news_scan_minutes=240)
        try:
            result = scene.backtest(choice)
        finally:
            scene.plain.rules = replace(scene.plain.rules, news_scan_minutes=30)
        assert result.simulation.columns.news is not None
        assert (result.simulation.columns.news.action[:, 0] >= 0).sum() == MINUTES
