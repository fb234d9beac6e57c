"""The folder of a cluster: what is HYDRA's in it, and what is somebody else's and stays as it is.

A cluster is built beside its place and renamed into it, and renamed away before it is deleted: a kill at any
moment leaves a whole cluster or none, and a left-over that the next command deletes.
"""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hydra.db.server.account import ServerAccount
from hydra.errors import DatabaseError

DATA: Final = "data"
# Held while the state of the cluster changes. Where it lies, files with HYDRA's names are HYDRA's.
LOCK: Final = "start.lock"
# The line in postgresql.conf that makes a cluster HYDRA's.
INCLUDE: Final = "include 'hydra.conf'\n"
_BUILDING: Final = "building-"
_DELETED: Final = "deleted-"
_WRITTEN_BY_HYDRA: Final = ("password", "port", "server.log", "socket")


def prepare_folder(home: Path, account: ServerAccount) -> None:
    """Create `home`, or check the folder that is there: its owner and mode stay as they are.

    The server's account enters root's folder and can change nothing in it.

    Raises:
        DatabaseError: the folder holds a stranger's files, others may write to it, or the server's account
            cannot enter it.
    """
    account.make_folder(home, mode=0o711 if account.is_other else 0o700)
    refuse_strangers_files(home)
    status = home.stat()
    if account.is_other and status.st_uid == account.user_id and (home / LOCK).exists():
        # An older version gave the folder to the account of all its servers.
        os.chown(home, os.geteuid(), os.getegid())
        home.chmod(0o711)
        status = home.stat()
    mode = stat.S_IMODE(status.st_mode)
    # A group that an ordinary user writes with may be that user's own; root's folder needs none.
    others = stat.S_IWOTH | (stat.S_IWGRP if account.is_other and status.st_gid != 0 else 0)
    if status.st_uid not in {0, os.geteuid()} or mode & others:
        raise DatabaseError(
            f"others can change what lies in {home} (owner {status.st_uid}, mode {mode:o}): "
            "the database cannot lie there. Set HYDRA_STATE_DIRECTORY to a new folder, which HYDRA makes"
        )
    account.refuse_closed_path(home)


def refuse_strangers_files(home: Path) -> None:
    """Raise DatabaseError if `home` holds what HYDRA would use or delete but did not make."""
    data = home / DATA
    if data.exists() and not _is_cluster_of_hydra(data):
        raise DatabaseError(
            f"{data} is not a database that HYDRA made: nothing in it is used, changed or deleted. "
            "Move it away, or set HYDRA_STATE_DIRECTORY to a new folder"
        )
    if data.exists():
        return
    found = [name for name in _WRITTEN_BY_HYDRA if os.path.lexists(home / name)]
    if found and not (home / LOCK).exists():
        raise DatabaseError(
            f"{home} holds {found[0]} of somebody else: nothing in it is used, changed or deleted. "
            "Set HYDRA_STATE_DIRECTORY to a new folder"
        )


def new_building(home: Path) -> Path:
    """An empty folder beside the cluster's place, to build `DATA` in."""
    return Path(tempfile.mkdtemp(prefix=_BUILDING, dir=home))


def put_aside(data: Path) -> None:
    """Take the cluster from its place in one step: a left-over from now on."""
    data.rename(Path(tempfile.mkdtemp(prefix=_DELETED, dir=data.parent)) / DATA)


def left_overs(home: Path) -> Iterator[Path]:
    """What a killed command built or put aside: folders with nothing in them but `DATA` and a verifier."""
    for prefix in (_BUILDING, _DELETED):
        for folder in home.glob(f"{prefix}????????"):
            if {path.name for path in folder.iterdir()} <= {DATA, "verifier"}:
                yield folder


def delete_left_over(folder: Path) -> None:
    """Delete one of `left_overs`; a link in the place of its data is followed to what it names.

    Raises:
        OSError: it cannot be deleted.
    """
    data = folder / DATA
    if data.is_symlink():
        shutil.rmtree(data.resolve())
        data.unlink()
    shutil.rmtree(folder)


def _is_cluster_of_hydra(data: Path) -> bool:
    settings = data / "postgresql.conf"
    if not (data / "PG_VERSION").is_file() or not settings.is_file():
        return False
    return INCLUDE in settings.read_text(encoding="utf-8", errors="replace")
