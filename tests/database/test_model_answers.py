"""What scored stands wherever a run is told of; models are verified, replayed and exported by command."""

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from hydra.answers.html_report.page import write_html_report
from hydra.answers.report import read_report, report_json
from hydra.answers.run_list import list_runs
from hydra.answers.why import Explanation, explain
from hydra.backtest.persisted import StoredRows
from hydra.backtest.run import MarketChoice, run_backtest
from hydra.cli.runs import run_lines
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import MarketOrigin
from hydra.ingest.simulated import store_market
from hydra.reason_words import Gate
from hydra.registry.logistic import read_logistic
from hydra.registry.publishing import publish, retire
from hydra.registry.store import StoredModel
from hydra.runtime.notifications import Stage
from hydra.trading.runs import Run
from tests.support.backtest_scene import FEEDS, MARKET, SETTINGS, START, lively_rules
from tests.support.command_line import hydra
from tests.support.live_run import decide_live
from tests.support.scorer_scene import register_scorer
from tests.support.servers.editions import ON_APACHE_ALONE
from tests.support.servers.logins import as_role

pytestmark = ON_APACHE_ALONE
MINUTES = 40
RETIRED_AT = 20


@dataclass(frozen=True)
class Scene:
    """A live run whose model is retired in its middle, and a backtest in sample."""

    connection: psycopg.Connection
    model: StoredModel
    live: Run
    in_sample: Run


@pytest.fixture(scope="module")
def scene(database_url: str) -> Iterator[Scene]:
    market = store_market(database_url, MARKET, MINUTES + 1)[:4]
    end = START + timedelta(minutes=MINUTES)
    with closing(connect(as_role(database_url, Role.WORKER), autocommit=True)) as connection:
        model = register_scorer(connection, trained_to=end)
        publish(connection, model.title, "ann", "first")
        lively = lively_rules()
        rules = replace(lively, scoring=replace(lively.scoring, scorer=model.title))

        def operate(_run: Run, minute: object, stage: Stage) -> None:
            if minute == START + timedelta(minutes=RETIRED_AT) and stage is Stage.BOOK_FILLS:
                retire(connection, model.title, "ann", "loses")
                for _ in range(15):
                    connection.execute("SELECT pg_sleep(0.1)")

        choice = MarketChoice(MarketOrigin.GENERATED, 1, market, FEEDS, START, end)
        tested = run_backtest(
            connection, database_url, choice, SETTINGS, rules, StoredRows.ALL, allows_in_sample=True
        )
        live = decide_live(connection, database_url, market, START, MINUTES, rules, operate)
        yield Scene(connection, model, live, tested.run)


@pytest.fixture(autouse=True)
def reached(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYDRA_DATABASE_URL", database_url)


def test_why_names_the_model_and_where_the_rule_scored_instead_why(scene: Scene) -> None:
    rows = scene.connection.execute(
        "SELECT base, time, score_kind FROM hydra.signals JOIN market.instruments USING (instrument_id)"
        " WHERE run_id = %s ORDER BY time",
        (scene.live.run_id,),
    ).fetchall()
    for base, time, kind in (rows[0], rows[-1]):
        found = explain(scene.connection, base, time.isoformat(), scene.live.run_id)
        assert isinstance(found, Explanation)
        words = " ".join(found.gate(Gate.SCORE).words)
        if kind == "rule":
            assert "rule score" in words
            assert f"asked for was {scene.model.title}: {scene.model.title} is retired" in words
        else:
            assert f"score of {scene.model.title}" in words
            assert "asked for was" not in words
    assert [kind for _, _, kind in (rows[0], rows[-1])] == [scene.model.title, "rule"]


def test_the_list_of_runs_says_which_model_scores_and_why_not(scene: Scene) -> None:
    lines = list(run_lines(list_runs(scene.connection)))
    assert f"Scored by a model: run {scene.in_sample.run_id} ({scene.model.title})" in lines
    retired = f"Run {scene.live.run_id} is scored by the rule: {scene.model.title} is retired"
    assert any(line.startswith(retired) for line in lines)
    assert "in sample" in hydra("status").out


def test_the_report_counts_what_each_scored_and_tells_the_change(scene: Scene) -> None:
    said = " ".join(read_report(scene.connection, scene.live.run_id).sentences)
    assert f"by {scene.model.title}" in said
    assert f"asked for was {scene.model.title}." in said
    assert f"UTC on rule scores: {scene.model.title} is retired" in said
    assert "IN SAMPLE" not in said


def test_every_form_of_the_report_of_a_backtest_in_sample_says_so(scene: Scene, tmp_path: Path) -> None:
    run_id, page = scene.in_sample.run_id, tmp_path / "report.html"
    report = read_report(scene.connection, run_id)
    assert report.sentences[0].startswith(f"IN SAMPLE: {scene.model.title} was trained on data to 2025-06-01")
    assert report.sentences[0] in report_json(report)["sentences"]
    write_html_report(scene.connection, run_id, page)
    terminal = " ".join(hydra("report", str(run_id)).out.split())
    for text in (terminal, page.read_text(encoding="utf-8")):
        assert "IN SAMPLE" in text
        assert "simulated, in sample" in text


def test_a_replay_of_the_scores_finds_none_that_differs_and_names_one_that_does(
    scene: Scene, database_url: str
) -> None:
    title, run = scene.model.title, str(scene.live.run_id)
    done = hydra("models", "replay", title, "--run", run, "--json")
    found = json.loads(done.out)
    assert (done.status, found["differences"]) == (0, 0)
    assert found["equal"] == found["compared"] > 10
    everything = json.loads(hydra("models", "replay", title, "--json").out)
    assert (everything["differences"], everything["compared"] > found["compared"]) == (0, True)
    early = hydra("models", "replay", title, "--to", "2025-05-31")
    assert early.out.strip() == f"No stored signal of these minutes was scored by {title}."
    with psycopg.connect(database_url, autocommit=True) as owner:
        change = (
            "UPDATE hydra.signals SET score = score * %s WHERE (run_id, time, instrument_id, source) ="
            " (SELECT run_id, time, instrument_id, source FROM hydra.signals WHERE score_kind = %s"
            " AND run_id = %s LIMIT 1)"
        )
        owner.execute(change, (0.999, title, run))
        done = hydra("models", "replay", title, "--run", run)
        owner.execute(change, (1 / 0.999, title, run))
    assert done.status == 1
    assert ", 1 difference\n" in done.out
    assert f"run {run} 2025-06-01" in done.out


def test_models_are_verified_by_loading_them(scene: Scene, database_url: str) -> None:
    title = scene.model.title
    done = hydra("models", "verify")
    assert (done.status, done.out.strip()) == (0, f"{title} can be used here.")
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("UPDATE ml.models SET feature_set_version = 'features-1'")
        done = hydra("models", "verify", title, "--json")
        owner.execute("UPDATE ml.models SET feature_set_version = %s", (scene.model.feature_set_version,))
    assert done.status == 1
    assert "trained on features-1" in json.loads(done.out)[0]["complaint"]
    assert hydra("models", "verify", "x@1").status == 1


def test_an_exported_model_is_the_artifact_itself_with_all_that_is_known_of_it(
    scene: Scene, tmp_path: Path
) -> None:
    done = hydra("models", "export", scene.model.title, str(tmp_path / "out"), "--pairs", "BTC,SOL")
    assert (done.status, done.err) == (0, "")
    (dated,) = (tmp_path / "out").iterdir()
    folder = dated / "models"
    names = [f"{base}-USDT_{kind}" for base in ("BTC", "SOL") for kind in ("metadata.json", "model.pkl")]
    assert sorted(path.name for path in folder.iterdir()) == names
    for base in ("BTC", "SOL"):
        artifact = (folder / f"{base}-USDT_model.pkl").read_bytes()
        described = json.loads((folder / f"{base}-USDT_metadata.json").read_text())
        assert sha256(artifact).hexdigest() == described["sha256"] == scene.model.sha256
        assert list(read_logistic(artifact).features) == described["manifest"]["features"]
        assert (described["symbol"], described["is_pickle"]) == (f"{base}-USDT", False)
        assert described["gates"]["auc"]["is_passed"] is True
    blocked = tmp_path / "file"
    blocked.write_text("")
    refused = hydra("models", "export", scene.model.title, str(blocked))
    assert refused.status == 1
    assert "cannot be written" in refused.err
