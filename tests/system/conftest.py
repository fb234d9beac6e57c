"""A run and its account at a simulated exchange: compared, or executed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra.db.edition import Edition
from tests.support.executed_run import ExecutionStage
from tests.support.reconciled_run import Play, played
from tests.support.servers.databases import TestServer


@pytest.fixture
def play(
    servers: dict[Edition, TestServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Play]:
    """Plays an act on a new run with a new account; on one edition: the SQL has its tests on both."""
    monkeypatch.setenv("HYDRA_STATE_DIRECTORY", str(tmp_path))
    with servers[Edition.APACHE].migrated() as url:
        yield played(url, tmp_path)


@pytest.fixture(scope="module")
def database(servers: dict[Edition, TestServer]) -> Iterator[str]:
    """On one edition: SQL is not the point."""
    with servers[Edition.APACHE].migrated() as url:
        yield url


@pytest.fixture(scope="module")
def stage(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExecutionStage]:
    """An exchange and its account in which runs are executed, one after the other."""
    folder = tmp_path_factory.mktemp("execution")
    with pytest.MonkeyPatch.context() as patch, asyncio.Runner() as runner:
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        stage = ExecutionStage(runner, database, folder / "account.toml")
        stage.open()
        yield stage
        stage.close()
