"""A registered model scores a run: live as in columns, followed while it goes on, and never needed."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import polars as pl
import psycopg
import pytest

from hydra.backtest.persisted import StoredRows
from hydra.backtest.run import BacktestRun, MarketChoice, run_backtest
from hydra.checks.parity import check_parity
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import MarketOrigin, TradingMode
from hydra.errors import BadDataError, StopError
from hydra.ingest.simulated import store_market
from hydra.registry.publishing import pin, publish, retire, roll_back
from hydra.registry.run_record import scorer_record
from hydra.registry.serving import SIGNAL_SCORER, load_signal_scorer, serve
from hydra.runtime.notifications import Stage
from hydra.trading.parameters import Rules
from hydra.trading.runs import Run, read_run
from tests.support.backtest_scene import FEEDS, MARKET, SETTINGS, START, lively_rules
from tests.support.live_run import decide_live
from tests.support.scorer_scene import publish_scorer, register_scorer
from tests.support.servers.logins import as_role

MINUTES = 60
EMPTY = "TRUNCATE ml.publications, ml.model_gates, ml.models"


@pytest.fixture(scope="module")
def market(database_url: str) -> tuple[int, ...]:
    return store_market(database_url, MARKET, MINUTES + 1)[:4]


@pytest.fixture
def connection(database_url: str, market: tuple[int, ...]) -> Iterator[psycopg.Connection]:
    """A session of the worker on a stored market; the registry is empty."""
    assert market
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(EMPTY)
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as opened:
        yield opened


def scored_by(scorer: str) -> Rules:
    rules = lively_rules()
    return replace(rules, scoring=replace(rules.scoring, scorer=scorer))


def backtest(
    connection: psycopg.Connection,
    url: str,
    market: tuple[int, ...],
    scorer: str,
    rows: StoredRows = StoredRows.ALL,
    *,
    in_sample: bool = False,
) -> BacktestRun:
    choice = MarketChoice(MarketOrigin.GENERATED, 1, market, FEEDS, START, START + timedelta(minutes=MINUTES))
    rules = scored_by(scorer)
    return run_backtest(connection, url, choice, SETTINGS, rules, rows, allows_in_sample=in_sample)


def scores(connection: psycopg.Connection, run_id: int) -> dict[tuple[datetime, int, str], tuple[float, str]]:
    query = "SELECT time, instrument_id, source, score, score_kind FROM hydra.signals WHERE run_id = %s"
    return {row[:3]: row[3:] for row in connection.execute(query, (run_id,)).fetchall()}


def noted(connection: psycopg.Connection, run: Run) -> list[tuple[int, str, str | None]]:
    """The run's rows of hydra.run_scorers: minute, what scores, complaint."""
    query = "SELECT time, score_kind, complaint FROM hydra.run_scorers WHERE run_id = %s ORDER BY time"
    rows = connection.execute(query, (run.run_id,)).fetchall()
    return [((time - START) // timedelta(minutes=1), kind, complaint) for time, kind, complaint in rows]


def is_same_again(connection: psycopg.Connection, url: str, run: Run) -> bool:
    found = check_parity(connection, url, run)
    signals = next(one for one in found.tables if one.table.name == "signals")
    assert [mismatch for table in found.tables for mismatch in table.result.first[:3]] == []
    return signals.rows > 0


def test_live_and_backtest_score_the_same_signals_the_same_and_parity_holds(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...]
) -> None:
    title = publish_scorer(connection).title
    live = decide_live(connection, database_url, market, START, MINUTES, scored_by(title))
    tested = backtest(connection, database_url, market, title)
    one, other = scores(connection, live.run_id), scores(connection, tested.run.run_id)
    assert one.keys() == other.keys() != set()
    assert {kind for _, kind in one.values()} == {title} == {kind for _, kind in other.values()}
    assert len({score for score, _ in one.values()}) > 20
    for key, (score, _) in one.items():
        # Features of many minutes at once may differ in their last bits.
        assert other[key][0] == pytest.approx(score, rel=1e-9)
    assert noted(connection, live) == noted(connection, tested.run) == [(0, title, None)]
    assert is_same_again(connection, database_url, live)
    assert is_same_again(connection, database_url, tested.run)
    assert tested.run.config["model"]["title"] == title
    assert tested.run.label == "simulated"


def test_a_publication_is_taken_up_while_the_run_goes_on_and_parity_knows_both_models(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...]
) -> None:
    """Every minute is decided, by the model that the run says."""
    first = publish_scorer(connection)
    second = register_scorer(connection, seed=8)

    def operate(_run: Run, time: datetime, stage: Stage) -> None:
        if time == START + timedelta(minutes=20) and stage is Stage.BOOK_FILLS:
            publish(connection, second.title, "ann", "better")
            wait_until_served(database_url)

    run = decide_live(connection, database_url, market, START, MINUTES, scored_by("published"), operate)
    (begin, change) = noted(connection, run)
    assert begin == (0, first.title, None)
    assert change[1:] == (second.title, None)
    assert 20 <= change[0] < MINUTES
    switch = START + timedelta(minutes=change[0])
    for (time, _, _), (_, kind) in scores(connection, run.run_id).items():
        assert kind == (first.title if time < switch else second.title)
    closed = connection.execute(
        "SELECT count(*) FROM hydra.cycles WHERE run_id = %s AND state = 'CLOSED'", (run.run_id,)
    ).fetchone()
    assert closed == (MINUTES,)
    assert is_same_again(connection, database_url, run)


def wait_until_served(url: str) -> None:
    """Give the thread that listens the time to load: each wait of the server is a tenth of a second."""
    with psycopg.connect(url, autocommit=True) as own:
        for _ in range(15):
            own.execute("SELECT pg_sleep(0.1)")


def stored_elsewhere(url: str, title: str) -> None:
    """As if the model had been stored with another numpy; those that serve are woken."""
    version = title.partition("@")[2]
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "UPDATE ml.models SET manifest = jsonb_set(manifest, '{libraries,numpy}', '\"0.1\"')"
            " WHERE version = %s",
            (version,),
        )
        owner.execute("SELECT pg_notify('hydra_publications', 'signal-scorer')")


def decided_with(
    connection: psycopg.Connection,
    url: str,
    market: tuple[int, ...],
    scorer: str,
    happens: dict[int, Callable[[], object]],
) -> Run:
    """A run in which something happens before a minute, and is noticed."""

    def operate(_run: Run, time: datetime, stage: Stage) -> None:
        act = happens.get((time - START) // timedelta(minutes=1))
        if act is not None and stage is Stage.BOOK_FILLS:
            act()
            wait_until_served(url)

    return decide_live(connection, url, market, START, MINUTES, scored_by(scorer), operate)


def test_a_chosen_version_that_cannot_be_loaded_leaves_the_one_before_in_place(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...]
) -> None:
    first, second = publish_scorer(connection), register_scorer(connection, seed=8)

    stored_elsewhere(database_url, second.title)
    run = decided_with(
        connection,
        database_url,
        market,
        "published",
        {20: lambda: choose_by_force(database_url, second.model_id)},
    )
    (begin, (minute, kind, complaint)) = noted(connection, run)
    assert begin == (0, first.title, None)
    assert (kind, minute >= 20) == (first.title, True)
    assert complaint is not None
    assert complaint.startswith(f"{second.title} is refused: it was stored with numpy 0.1")
    assert complaint.endswith(f"; {first.title} keeps scoring")
    assert {kind for _, kind in scores(connection, run.run_id).values()} == {first.title}
    assert is_same_again(connection, database_url, run)


def choose_by_force(url: str, model_id: int) -> None:
    """Choose a model as another machine may that can load it."""
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(
            "INSERT INTO ml.publications (name, model_id, action, serving_model_id, is_pinned, operator,"
            " reason) VALUES ('signal-scorer', %(id)s, 'PUBLISHED', %(id)s, false, 'x', 'x')",
            {"id": model_id},
        )
        owner.execute("SELECT pg_notify('hydra_publications', 'signal-scorer')")


@pytest.mark.parametrize("how", ["altered", "deleted", "retired"])
def test_a_model_that_becomes_unusable_leaves_the_rule_to_score_and_a_row_says_why(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...], how: str
) -> None:
    model = publish_scorer(connection) if how == "retired" else register_scorer(connection)

    def delete() -> None:
        with psycopg.connect(database_url, autocommit=True) as owner:
            owner.execute("TRUNCATE ml.publications, ml.model_gates, ml.models")
            owner.execute("SELECT pg_notify('hydra_publications', 'signal-scorer')")

    acts: dict[str, Callable[[], object]] = {
        "altered": lambda: stored_elsewhere(database_url, model.title),
        "deleted": delete,
        "retired": lambda: retire(connection, model.title, "ann", "bad"),
    }
    run = decided_with(connection, database_url, market, model.title, {20: acts[how]})
    (begin, (minute, kind, complaint)) = noted(connection, run)
    assert begin == (0, model.title, None)
    assert (kind, minute >= 20) == ("rule", True)
    words = {"altered": "is refused: it was stored with numpy 0.1", "deleted": "there is no model"}
    assert words.get(how, "is retired") in str(complaint)
    assert str(complaint).endswith("; the rule scores")
    switch = START + timedelta(minutes=minute)
    for (time, _, _), (_, scored) in scores(connection, run.run_id).items():
        assert scored == (model.title if time < switch else "rule")
    if how == "retired":
        assert is_same_again(connection, database_url, run)
    else:
        with pytest.raises(StopError, match="signal-scorer@1"):
            check_parity(connection, database_url, run)


def test_a_run_that_follows_starts_by_the_rule_where_nothing_is_chosen_and_takes_up_what_is_published(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...]
) -> None:
    run = decided_with(
        connection, database_url, market, "published", {20: lambda: publish_scorer(connection)}
    )
    (begin, (minute, kind, complaint)) = noted(connection, run)
    assert begin == (0, "rule", "no version of signal-scorer is chosen: the rule scores")
    assert (kind, complaint, minute >= 20) == (f"{SIGNAL_SCORER}@1", None, True)


def test_what_is_served_follows_the_log(connection: psycopg.Connection, database_url: str) -> None:
    first, second = publish_scorer(connection, 7), publish_scorer(connection, 8)
    assert serve(connection, "published").scorer.kind == second.title
    roll_back(connection, SIGNAL_SCORER, "bob", "loses")
    held = serve(connection, "published")
    assert (held.scorer.kind, held.sha256) == (first.title, first.sha256)
    pin(connection, second.title, "bob", "known")
    assert serve(connection, "published", held).scorer.kind == second.title
    # The held one itself cannot be proven any more.
    stored_elsewhere(database_url, second.title)
    gone = serve(connection, "published", replace(held, scorer=Named(second.title)))
    assert (gone.scorer.kind, gone.sha256) == ("rule", None)
    kept = serve(connection, "published", held)
    assert kept.scorer is held.scorer
    assert f"; {first.title} keeps scoring" in str(kept.complaint)


class Named:
    """A scorer of which only the name counts."""

    needs: Final = ()

    def __init__(self, kind: str) -> None:
        self.kind: Final = kind

    def score(self, frame: pl.DataFrame) -> pl.Series:
        return frame["confidence"]


def test_a_run_is_not_started_with_a_model_that_cannot_be_used(
    connection: psycopg.Connection, database_url: str
) -> None:
    rules = lively_rules()
    assert scorer_record(connection, rules, TradingMode.LIVE) == {}
    with pytest.raises(StopError, match=r"there is no model signal-scorer@1.*Nothing was started"):
        scorer_record(connection, scored_by("signal-scorer@1"), TradingMode.PAPER)
    assert scorer_record(connection, scored_by("published"), TradingMode.PAPER) == {}
    model = register_scorer(connection)
    assert scorer_record(connection, scored_by(model.title), TradingMode.PAPER)["model"] == {
        "title": model.title,
        "sha256": model.sha256,
        "trained_from": "2025-01-01T00:00:00+00:00",
        "labels_to": "2025-05-01T04:00:00+00:00",
    }
    with pytest.raises(StopError, match=r"not published, so no order at an exchange may rest on it"):
        scorer_record(connection, scored_by(model.title), TradingMode.TESTNET)
    stored_elsewhere(database_url, model.title)
    with pytest.raises(StopError, match=r"stored with numpy 0.1.*Nothing was started"):
        scorer_record(connection, scored_by(model.title), TradingMode.PAPER)


def test_features_of_another_version_or_that_no_run_stores_are_refused(
    connection: psycopg.Connection, database_url: str
) -> None:
    model = register_scorer(connection)
    other = register_scorer(connection, features=("rsi_14", "kurt"))
    with pytest.raises(BadDataError, match=f"{other.title} is refused: runs do not store what it reads"):
        load_signal_scorer(connection, other.title)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("UPDATE ml.models SET feature_set_version = 'features-1'")
    with pytest.raises(BadDataError, match="trained on features-1, this code computes"):
        load_signal_scorer(connection, model.title)


def test_a_backtest_on_what_a_model_was_trained_on_is_refused_or_says_so_everywhere(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...]
) -> None:
    """The labels of the last training minutes look four hours ahead: they count."""
    ends = START - timedelta(hours=4)
    clean = register_scorer(connection, trained_to=ends)
    leaky = register_scorer(connection, trained_to=ends + timedelta(minutes=1))
    assert backtest(connection, database_url, market, clean.title).run.label == "simulated"
    before = connection.execute("SELECT count(*) FROM hydra.runs").fetchone()
    with pytest.raises(
        StopError, match=rf"{leaky.title} was trained on data to 2025-06-01 00:01 UTC, labels"
    ):
        backtest(connection, database_url, market, leaky.title)
    assert connection.execute("SELECT count(*) FROM hydra.runs").fetchone() == before
    result = backtest(connection, database_url, market, leaky.title, in_sample=True)
    assert result.run.label == "simulated, in sample"
    assert read_run(connection, result.run.run_id).label == "simulated, in sample"


def test_a_backtest_of_what_is_chosen_records_the_version(
    connection: psycopg.Connection, database_url: str, market: tuple[int, ...]
) -> None:
    with pytest.raises(StopError, match="no version of signal-scorer is chosen: name one"):
        backtest(connection, database_url, market, "published")
    publish_scorer(connection)
    run = backtest(connection, database_url, market, "published", StoredRows.SIGNALS).run
    assert run.config["rules"]["scoring"]["scorer"] == f"{SIGNAL_SCORER}@1"
    publish_scorer(connection, 8)
    assert is_same_again(connection, database_url, run)
