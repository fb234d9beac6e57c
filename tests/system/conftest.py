"""A run and its account at a simulated exchange, for the comparisons of both."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hydra.db.edition import Edition
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
