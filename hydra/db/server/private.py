"""The private server of this checkout: one cluster, one database."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hydra.db.server.account import cluster_home, package_cache, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.folder import prepare_folder
from hydra.db.server.lock import exclusive
from hydra.db.server.programs import FOLDER_NAME, PROGRAMS, Programs, prepared
from hydra.db.server.waiting import Tell, tell_nobody
from hydra.errors import DatabaseError

DATABASE = "hydra"
# Held by one process from the start of the server to the end of the migration.
SET_UP_LOCK = "up.lock"


def private_cluster() -> Cluster:
    """This checkout's cluster, to inspect or stop. Its programs are not downloaded here.

    Raises:
        DatabaseError: the caller is root and no account can run the server.
    """
    account = server_account()
    programs = Programs(package_cache(account) / FOLDER_NAME / PROGRAMS)
    return Cluster(cluster_home(account), programs, account)


def start_private_cluster(tell: Tell = tell_nobody) -> Cluster:
    """Download the programs if needed and start this checkout's server. Fast if it already runs.

    `tell` hears what it waits for, as long as that takes.

    Raises:
        DatabaseError: no packages, no account, or the server does not start (the message says why).
    """
    cluster = private_cluster()
    with _explained(cluster):
        if not cluster.is_running():
            prepared(package_cache(cluster.account))
        cluster.start(tell)
    return cluster


@contextmanager
def set_up_alone(tell: Tell) -> Iterator[None]:
    """Inside the block no other process sets up the private server: databases and logins are made once.

    Raises:
        DatabaseError: the cluster's folder cannot be used.
    """
    cluster = private_cluster()
    with ExitStack() as stack:
        with _explained(cluster):
            prepare_folder(cluster.home, cluster.account)
            stack.enter_context(exclusive(cluster.home / SET_UP_LOCK, cluster.waiting(tell)))
        yield


@contextmanager
def _explained(cluster: Cluster) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        cache = package_cache(cluster.account)
        raise DatabaseError(
            f"the private database server could not be set up: {error}. Check that {cache} and "
            f"{cluster.home} can be written and that the disk has room, then run `hydra db up` again"
        ) from error
