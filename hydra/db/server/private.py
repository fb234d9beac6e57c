"""The private server of this checkout: one cluster, one database."""

from hydra.db.server.account import cluster_home, package_cache, server_account
from hydra.db.server.cluster import Cluster
from hydra.db.server.programs import FOLDER_NAME, PROGRAMS, Programs, prepared
from hydra.errors import DatabaseError

DATABASE = "hydra"


def private_cluster() -> Cluster:
    """This checkout's cluster, to inspect or stop. Its programs are not downloaded here.

    Raises:
        DatabaseError: the caller is root and no account can run the server.
    """
    account = server_account()
    programs = Programs(package_cache(account) / FOLDER_NAME / PROGRAMS)
    return Cluster(cluster_home(account), programs, account)


def start_private_cluster() -> Cluster:
    """Download the programs if needed and start this checkout's server. Fast if it already runs.

    Raises:
        DatabaseError: no packages, no account, or the server does not start (the message says why).
    """
    cluster = private_cluster()
    cache = package_cache(cluster.account)
    try:
        if not cluster.is_running():
            prepared(cache)
        cluster.start()
    except OSError as error:
        raise DatabaseError(
            f"the private database server could not be set up: {error}. Check that {cache} and "
            f"{cluster.home} can be written and that the disk has room, then run `hydra db up` again"
        ) from error
    return cluster
