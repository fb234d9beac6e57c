"""Training end to end: registered with its gates, the same bytes again, refused, killed, one at a time."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest

from hydra.db import locks
from hydra.db.edition import Edition
from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import ModelStatus
from hydra.errors import StopError
from hydra.ingest.simulated import store_market
from hydra.models.plans import plan_of
from hydra.models.report import TrainingReport
from hydra.paths import PROJECT_ROOT
from hydra.registry.gates import GATES
from hydra.registry.manifest import read_manifest
from hydra.registry.publishing import publish
from hydra.registry.store import list_models, load_model, read_gates, read_model
from tests.support.servers.databases import TestServer
from tests.support.servers.logins import as_role
from tests.support.train_plain import HOURS, MARKET, train_here

NAME = "signal-scorer"
EXAMPLE = PROJECT_ROOT / "examples" / "few_features.py"


@dataclass
class Scene:
    """The url of the worker, a session of it, the pairs, and the first training."""

    url: str
    connection: psycopg.Connection
    ids: tuple[int, ...]
    report: TrainingReport


@pytest.fixture(scope="module")
def scene(servers: dict[Edition, TestServer]) -> Iterator[Scene]:
    """A market in a database of its own, trained once."""
    with servers[Edition.APACHE].migrated() as owner:
        ids = tuple(store_market(owner, MARKET, HOURS * 60 + 1))
        url = as_role(owner, Role.WORKER)
        with closing(connect(url, autocommit=True)) as connection:
            yield Scene(url, connection, ids, train_here(url, ids))


def test_the_report_shows_every_judged_row_by_what_was_said_and_by_its_score(scene: Scene) -> None:
    judged = scene.report.figures["CatBoost"]["judged_rows"]
    assert sum(one.trades for one in scene.report.reliability) == judged
    assert sum(one.rows for one in scene.report.deciles) == judged


def trials(scene: Scene) -> list[tuple[str, str, int]]:
    query = "SELECT parameters->>'model', state, trades FROM ml.trials ORDER BY trial_id"
    return [tuple(row) for row in scene.connection.execute(query).fetchall()]


def titles(scene: Scene) -> list[str]:
    return [model.title for model in list_models(scene.connection, NAME)]


def test_a_training_registers_a_candidate_with_every_gate_and_counts_each_competitor(scene: Scene) -> None:
    report = scene.report
    model = read_model(scene.connection, report.model)
    assert (model.title, model.status, model.sha256) == (f"{NAME}@1", ModelStatus.CANDIDATE, report.sha256)
    assert model.trained_to <= model.vault_from < model.vault_to
    assert {gate.gate for gate in read_gates(scene.connection, model.model_id)} == set(GATES)
    manifest = read_manifest(model.manifest)
    assert (manifest.is_forced, manifest.threads, manifest.seeds) == (True, 1, {"model": 42})
    assert len(manifest.features) == 49
    assert manifest.trials == 2
    assert [(name, state) for name, state, _ in trials(scene)][:2] == [
        ("catboost", "DONE"),
        ("xgboost", "DONE"),
    ]
    load_model(scene.connection, model, manifest.features)
    assert report.rows + report.rows_in_vault < report.decisions
    assert report.shortfalls
    assert sum(report.classes.values()) == report.rows
    assert f"{NAME}@1 should not trade" in report.sentence
    with pytest.raises(StopError, match=f"{NAME}@1 is not published"):
        publish(scene.connection, model.title, "ann", "hope")


def test_the_same_facts_code_seed_and_threads_give_the_same_artifact(scene: Scene) -> None:
    again = train_here(scene.url, scene.ids)
    assert again.model != scene.report.model
    assert again.sha256 == scene.report.sha256
    first, second = (read_model(scene.connection, one.model) for one in (scene.report, again))
    assert read_manifest(first.manifest).data_hash == read_manifest(second.manifest).data_hash
    assert read_manifest(second.manifest).trials == 4


def test_too_short_a_history_is_refused_and_registers_nothing(scene: Scene) -> None:
    before = titles(scene), trials(scene)
    with pytest.raises(StopError, match=r"is not trained: 1 days of history .* with --force"):
        train_here(scene.url, scene.ids, is_forced=False)
    assert (titles(scene), trials(scene)) == before


def test_a_second_training_of_the_name_is_refused(scene: Scene) -> None:
    with closing(connect(scene.url, autocommit=True)) as other:
        assert locks.take(other, locks.of_training(NAME))
        with pytest.raises(StopError, match=f"another process trains {NAME} now"):
            train_here(scene.url, scene.ids)


def test_a_killed_training_leaves_the_registry_as_it_was_and_the_next_may_begin(scene: Scene) -> None:
    before = titles(scene)
    ids = ",".join(map(str, scene.ids))
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.train_plain", scene.url, ids], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("CatBoost")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert titles(scene) == before
    with closing(connect(scene.url, autocommit=True)) as other:
        assert locks.take(other, locks.of_training(NAME), wait_s=20)
    counted = trials(scene)
    assert {state for _, state, _ in counted[-2:]} == {"PLANNED"}


def test_a_training_that_may_use_too_little_memory_says_so_and_registers_nothing(scene: Scene) -> None:
    before = titles(scene)
    ids = ",".join(map(str, scene.ids))
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.train_plain", scene.url, ids, "256"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "--memory-mib" in done.stdout
    assert titles(scene) == before


def test_the_model_of_a_user_is_trained_and_registered_as_any_other(scene: Scene) -> None:
    report = train_here(scene.url, scene.ids, plan=plan_of("few-features", EXAMPLE))
    model = read_model(scene.connection, report.model)
    assert model.title == "few-features@1"
    features = read_manifest(model.manifest).features
    assert len(features) == 10
    assert list(report.tried) == ["XGBoost", "CatBoost"]
    assert load_model(scene.connection, model, features).features == features
