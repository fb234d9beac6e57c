"""`python3 -m hydra.db.server.remove`: stop this checkout's server and delete its data, wherever they lie.

It needs no installed package, so `make clean` works without a virtual environment too.
"""

import shutil
import sys

from hydra.db.server.account import package_cache
from hydra.db.server.private import private_cluster
from hydra.errors import DatabaseError


def remove_private_server() -> list[str]:
    """Delete the cluster with its logs; returns sentences about what was deleted and what stays.

    Raises:
        DatabaseError: the server does not stop.
    """
    cluster = private_cluster()
    home, cache = cluster.home, package_cache(cluster.account)
    said = f"There is no data of a private server in {home}."
    if home.is_dir():
        cluster.remove()
        shutil.rmtree(home / "logs", ignore_errors=True)
        (home / "start.lock").unlink(missing_ok=True)
        if not any(home.iterdir()):
            home.rmdir()
        said = f"Deleted the private server's data in {home}."
    stays = f"The server's programs stay in {cache}: all checkouts of this user share them."
    return [said, stays] if cache.is_dir() else [said]


if __name__ == "__main__":
    try:
        sys.stdout.writelines(f"{line}\n" for line in remove_private_server())
    except DatabaseError as error:
        sys.exit(f"hydra: {error}")
