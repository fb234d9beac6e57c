"""A private server of its own with the schema, for tests and benches that start processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hydra.cli.db import up
from hydra.db.migrate import upgrade_to_head
from hydra.db.provision import create_database, create_extension
from hydra.db.server.account import package_cache, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.private import DATABASE, start_private_cluster
from hydra.db.server.programs import prepared
from tests.support.servers.editions import SETTINGS_FOR_TESTS, running, server_folder
from tests.support.servers.logins import make_logins


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


@contextmanager
def stoppable_server() -> Iterator[tuple[Path, Cluster]]:
    """A folder of its own, and a server in it with logins that the test may stop, kill and start."""
    account = server_account()
    with server_folder() as folder:
        server = Cluster(folder / "state", prepared(package_cache(account)), account, SETTINGS_FOR_TESTS)
        with running(server):
            create_database(server.url("postgres"), DATABASE)
            create_extension(server.url(DATABASE))
            upgrade_to_head(server.url(DATABASE))
            make_logins(server.url(DATABASE))
            yield folder, server
