"""What the server of a cluster does now."""

from enum import StrEnum
from pathlib import Path
from typing import Final

from hydra.db.server.processes import is_postmaster
from hydra.errors import DatabaseError

# Line numbers in postmaster.pid, from 0.
STATUS_LINE: Final = 7


class ServerState(StrEnum):
    """All but STOPPED have a living server."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    STOPPING = "stopping"


def server_state(data: Path) -> ServerState:
    """What the pid file in `data` says, if its process is alive.

    Raises:
        DatabaseError: the cluster is another user's.
    """
    note = data / "postmaster.pid"
    try:
        lines = note.read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        lines = []
    except PermissionError:
        raise DatabaseError(
            f"{data} belongs to another user: run HYDRA as that user, "
            "or set HYDRA_STATE_DIRECTORY to a folder of your own"
        ) from None
    if not lines or not lines[0].isdigit() or not is_postmaster(int(lines[0]), data):
        return ServerState.STOPPED
    word = lines[STATUS_LINE].strip() if len(lines) > STATUS_LINE else ""
    return ServerState(word) if word in {ServerState.READY, ServerState.STOPPING} else ServerState.STARTING
