"""Servers of both editions for one test process: Apache always, community where one can be had."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from hydra.db.edition import Edition
from hydra.db.server.account import package_cache, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.programs import Programs, prepared

COMMUNITY_URL = "HYDRA_TEST_COMMUNITY_URL"

ON_APACHE_ALONE: Final = pytest.mark.parametrize("edition", [Edition.APACHE], indirect=True, ids=str)
"""For commands and processes: what they read and write is tested on both editions elsewhere."""

# Nothing here has to survive a power cut, and schedulers would be started for every short-lived database.
SETTINGS_FOR_TESTS = (
    ("fsync", "off"),
    ("full_page_writes", "off"),
    ("synchronous_commit", "off"),
    ("shared_buffers", "128MB"),
    ("timescaledb.max_background_workers", "16"),
)


@contextmanager
def server_folder() -> Iterator[Path]:
    """A short-lived folder that the server's account can enter."""
    with tempfile.TemporaryDirectory(prefix="hydra-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def apache_server() -> Iterator[str]:
    """The private server, as a user gets it; gives the URL of its maintenance database."""
    account = server_account()
    with server_folder() as folder:
        cluster = Cluster(
            folder / "state", prepared(package_cache(account)), account, extra_settings=SETTINGS_FOR_TESTS
        )
        with running(cluster):
            yield cluster.url("postgres")


@contextmanager
def community_server() -> Iterator[str]:
    """The server of HYDRA_TEST_COMMUNITY_URL, else one from the programs found on this machine."""
    given = os.environ.get(COMMUNITY_URL)
    programs = community_programs()
    if given:
        yield given
    elif programs is not None:
        with server_folder() as folder:
            cluster = Cluster(folder / "state", programs, server_account(), extra_settings=SETTINGS_FOR_TESTS)
            with running(cluster):
                yield cluster.url("postgres")
    else:
        raise LookupError("there is no community server: ask has_community_server first")


def has_community_server() -> bool:
    """Whether `community_server` can give one."""
    return bool(os.environ.get(COMMUNITY_URL)) or community_programs() is not None


def community_programs() -> Programs | None:
    """An installation on this machine whose TimescaleDB holds the community modules; the newest."""
    libraries = Path("/usr/lib/postgresql").glob("*/lib/timescaledb-tsl-*.so")
    found = [library.parent.parent / "bin" for library in libraries]
    complete = [folder for folder in found if shutil.which("postgres", path=str(folder))]
    newest = max(complete, key=lambda folder: int(folder.parent.name), default=None)
    return Programs(newest) if newest else None


@contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    """`cluster` started, and removed at the end whatever happens."""
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.remove()
