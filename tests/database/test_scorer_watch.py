"""What scores is followed by a notice, without one and over a lost connection; a minute is always scored."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.ingest.instruments import ensure_instruments
from hydra.layers.layer3_scoring import ScoringParameters
from hydra.registry.publishing import publish
from hydra.registry.scorer_watch import ScorerWatch
from hydra.registry.serving import Served, serve
from hydra.trading.cycle import Cycle
from hydra.trading.parameters import Rules
from tests.support.paper_market import PaperMarket, instant
from tests.support.scorer_scene import publish_scorer, register_scorer
from tests.support.servers.logins import as_role
from workers.layer3 import SignalLayer, note_scorer

PATIENCE_S = 20.0
CHOOSE_WITHOUT_NOTICE = (
    "INSERT INTO ml.publications (name, model_id, action, serving_model_id, is_pinned, operator, reason)"
    " VALUES ('signal-scorer', %(id)s, 'PUBLISHED', %(id)s, false, 'x', 'x')"
)


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("TRUNCATE ml.publications, ml.model_gates, ml.models")
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as opened:
        yield opened


def watching(connection: psycopg.Connection, url: str, look_again_s: float = 1_800.0) -> ScorerWatch:
    first = serve(connection, "published")
    return ScorerWatch(
        lambda: as_role(url, Role.WORKER), first, needs_publication=False, look_again_s=look_again_s
    )


def reached(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not is_so() and time.monotonic() < end:
        time.sleep(0.02)
    return is_so()


def test_a_publication_is_followed_by_its_notice(connection: psycopg.Connection, database_url: str) -> None:
    publish_scorer(connection)
    second = register_scorer(connection, seed=8)
    with closing(watching(connection, database_url)) as watch:
        assert reached(lambda: watch.served.scorer.kind == "signal-scorer@1")
        time.sleep(1.0)
        publish(connection, second.title, "ann", "better")
        assert reached(lambda: watch.served.scorer.kind == second.title)
        assert watch.served.sha256 == second.sha256


def test_without_a_notice_it_is_found_when_it_is_looked_for(
    connection: psycopg.Connection, database_url: str
) -> None:
    publish_scorer(connection)
    second = register_scorer(connection, seed=8)
    with (
        closing(watching(connection, database_url, 0.5)) as watch,
        psycopg.connect(database_url, autocommit=True) as owner,
    ):
        owner.execute(CHOOSE_WITHOUT_NOTICE, {"id": second.model_id})
        assert reached(lambda: watch.served.scorer.kind == second.title)


def test_a_lost_connection_is_made_anew_and_what_was_missed_is_found(
    connection: psycopg.Connection, database_url: str
) -> None:
    """Between the two nothing listens; the first look of the new connection finds what was published."""
    publish_scorer(connection)
    second = register_scorer(connection, seed=8)
    with (
        closing(watching(connection, database_url)) as watch,
        psycopg.connect(database_url, autocommit=True) as owner,
    ):
        held = watch.served
        ended = owner.execute(
            "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'hydra_worker' AND pid <> %s) AS ended",
            (connection.info.backend_pid,),
        ).fetchone()
        assert ended is not None
        owner.execute(CHOOSE_WITHOUT_NOTICE, {"id": second.model_id})
        assert watch.served is held or watch.served.scorer.kind == second.title
        assert reached(lambda: watch.served.scorer.kind == second.title)


def test_what_scores_is_noted_once_and_again_only_where_it_changes(database_url: str) -> None:
    """A process that starts again in the middle notes nothing: the same model scores."""
    with connect(database_url, autocommit=True) as connection:
        ensure_instruments(connection)
        market = PaperMarket(connection)
        model = register_scorer(connection)
        by_model = serve(connection, model.title)
        by_rule = Served(model.title, serve(connection, "nobody@1").scorer, complaint="gone")
        for minute, served in enumerate((by_model, by_model, by_rule, by_rule, by_model)):
            cycle = Cycle(market.run.run_id, instant(minute), instant(minute) + timedelta(seconds=2))
            note_scorer(connection, cycle, served)
        rows = connection.execute(
            "SELECT time, score_kind, sha256, complaint FROM hydra.run_scorers WHERE run_id = %s"
            " ORDER BY time",
            (market.run.run_id,),
        ).fetchall()
    assert rows == [
        (instant(0), model.title, model.sha256, None),
        (instant(2), "rule", None, "gone"),
        (instant(4), model.title, model.sha256, None),
    ]


def test_a_minute_without_stored_features_is_scored_by_the_rule(database_url: str) -> None:
    with connect(database_url, autocommit=True) as connection:
        ensure_instruments(connection)
        model = register_scorer(connection)
        market = PaperMarket(connection, Rules(scoring=ScoringParameters(scorer=model.title)))
        market.assess(10, oi_delta_pct=-0.03)
        with closing(SignalLayer(lambda: database_url)) as layer:
            layer.handle(connection, market.run, market.cycle(10))
        rows = connection.execute(
            "SELECT score, score_kind FROM hydra.signals WHERE run_id = %s", (market.run.run_id,)
        ).fetchall()
    # 0.55 x 1.1, for the volatility is normal.
    assert rows == [(pytest.approx(0.605), "rule")]
