"""`python3 -m hydra.db.server.remove`: stop this checkout's server and delete its data, wherever they lie.

It needs no installed package, so `make clean` works without a virtual environment too.
"""

import sys
from pathlib import Path

from hydra.db.server.account import package_cache
from hydra.db.server.folder import LOCK
from hydra.db.server.private import SET_UP_LOCK, private_cluster
from hydra.db.server.waiting import Tell, tell_nobody
from hydra.errors import DatabaseError


def remove_private_server(tell: Tell = tell_nobody) -> list[str]:
    """Delete the cluster with its logs; returns sentences about what was deleted and what stays.

    Raises:
        DatabaseError: the folder holds a stranger's files, or the server does not stop.
    """
    cluster = private_cluster()
    home, cache = cluster.home, package_cache(cluster.account)
    said = f"There is no data of a private server in {home}."
    cluster.remove(tell)
    if (home / LOCK).exists():
        _delete_logs(home / "logs")
        # Last: they say whose folder this is.
        for name in (SET_UP_LOCK, LOCK):
            (home / name).unlink(missing_ok=True)
        if not any(home.iterdir()):
            home.rmdir()
        said = f"Deleted the private server's data in {home}."
    stays = f"The server's programs stay in {cache}: all checkouts of this user share them."
    return [said, stays] if cache.is_dir() else [said]


def _delete_logs(folder: Path) -> None:
    for log in folder.glob("run-*.log"):
        log.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    try:
        for line in remove_private_server(_tell):
            _tell(line)
    except DatabaseError as error:
        sys.exit(f"hydra: {error}")
