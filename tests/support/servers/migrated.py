"""A private server of its own with the schema, for tests and benches that start processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hydra.cli.db import up
from hydra.db.server.cluster import Cluster
from hydra.db.server.private import start_private_cluster
from tests.support.servers.editions import server_folder


@contextmanager
def migrated_server() -> Iterator[tuple[Path, Cluster]]:
    """Its state directory, which HYDRA_STATE_DIRECTORY names during the block, and the server."""
    with server_folder() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HYDRA_STATE_DIRECTORY", str(folder))
        patch.delenv("HYDRA_DATABASE_URL", raising=False)
        cluster = start_private_cluster()
        try:
            up()
            yield folder, cluster
        finally:
            cluster.remove()
