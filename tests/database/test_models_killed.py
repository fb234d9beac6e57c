"""kill -9 while models are published and exported: the registry and the files stay whole."""

import hashlib
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pytest

from hydra.db.engine import connect
from hydra.db.roles import Role
from hydra.domain import ModelStatus
from hydra.registry.export import export_model
from hydra.registry.manifest import read_manifest
from hydra.registry.publishing import publish, serving_model
from hydra.registry.store import list_models, load_model, read_log
from tests.support.model_scene import small_artifact
from tests.support.registry_at_work import NAME, NOW, registered
from tests.support.servers.logins import as_role

KILLS = 6


@pytest.fixture
def url(database_url: str) -> str:
    """Of the worker; the registry is empty."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute("TRUNCATE ml.publications, ml.model_gates, ml.models")
    return as_role(database_url, Role.WORKER)


@contextmanager
def killed_at_work(url: str, chance: random.Random, *words: str) -> Iterator[None]:
    """A process works, and is killed by kill -9 some steps after its first."""
    command = [sys.executable, "-m", "tests.support.registry_at_work", url, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.15))
        process.kill()
    yield


def test_publishing_that_is_killed_leaves_what_served_or_what_was_published(url: str) -> None:
    chance = random.Random(3)
    for _ in range(KILLS):
        with killed_at_work(url, chance, "publish"), closing(connect(url, autocommit=True)) as connection:
            models, log = list_models(connection, NAME), read_log(connection, NAME)
            assert [model.version for model in models] == list(range(1, len(models) + 1))
            serving = [model for model in models if model.is_serving]
            assert len(serving) == 1
            newest = max(log, key=lambda row: row.recorded_at)
            assert newest.serving_version == serving[0].version
            named = {row.version for row in log}
            for model in models:
                assert (model.status is ModelStatus.PUBLISHED) == (model.version in named)
            load_model(connection, serving[0], read_manifest(serving[0].manifest).features)
            # Nobody holds the name any more.
            title = registered(connection, chance.random()).title
            assert publish(connection, title, "cy", "after the kill") is not None
            assert (serving_model(connection, NAME) or serving[0]).title == title


def test_an_export_that_is_killed_leaves_whole_files(url: str, tmp_path: Path) -> None:
    chance = random.Random(4)
    known = {hashlib.sha256(small_artifact(intercept)).hexdigest() for intercept in (0.25, 0.5)}
    for _ in range(KILLS):
        with killed_at_work(url, chance, "export", str(tmp_path)):
            files = [path for path in tmp_path.rglob("*USDT*") if not path.name.startswith(".")]
            assert files
            for path in files:
                content = path.read_bytes()
                found = json.loads(content)["sha256"] if path.suffix == ".json" else _sha256(content)
                assert found in known
    with closing(connect(url, autocommit=True)) as connection:
        exported = export_model(connection, list_models(connection, NAME)[0].title, tmp_path, NOW)
    for name in exported.files[::2]:
        described = json.loads((exported.folder / name.replace("model.pkl", "metadata.json")).read_text())
        assert described["sha256"] == _sha256((exported.folder / name).read_bytes())


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
