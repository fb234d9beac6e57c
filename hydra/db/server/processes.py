"""The processes of a cluster: whether its server is alive, and what a killed server or starter left."""

import os
import signal
import time
from pathlib import Path
from typing import Final

KILL_TIMEOUT_S: Final = 10.0
_PROC: Final = Path("/proc")
# A user's shell or editor may work in the same folder: it must never be killed.
_SERVER_PROGRAMS: Final = frozenset({"postgres", "initdb", "pg_ctl"})


def is_postmaster(process_id: int, data: Path) -> bool:
    """Whether this process is the server of the cluster in `data`.

    Looks at the command line, which every user may read; the kernel hides a working directory from root
    itself where root lacks a privilege that containers take away (CAP_SYS_PTRACE).
    """
    try:
        words = (_PROC / str(process_id) / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    if Path(os.fsdecode(words[0])).name != "postgres" or b"-D" not in words[:-1]:
        return False
    served = Path(os.fsdecode(words[words.index(b"-D") + 1]))
    return served.resolve() == data.resolve()


def processes_in(folder: Path) -> list[int]:
    """Ids of the server's processes whose working directory is `folder` or lies below it.

    A PostgreSQL server and all its backends work in their data directory, even after their parent died.
    The server's account sees all of them; another account may not.
    """
    home = folder.resolve()
    return sorted(
        int(entry.name)
        for entry in _PROC.iterdir()
        if entry.name.isdigit() and _is_server(entry) and _works_below(entry, home)
    )


def kill_processes_in(folder: Path) -> None:
    """Kill what `processes_in` finds and wait until it is gone.

    Raises:
        TimeoutError: a process outlived SIGKILL for KILL_TIMEOUT_S (it hangs in the kernel).
    """
    deadline = time.monotonic() + KILL_TIMEOUT_S
    while left := processes_in(folder):
        for process_id in left:
            _kill(process_id)
        if time.monotonic() > deadline:
            raise TimeoutError(f"processes {left} in {folder} do not end")
        time.sleep(0.05)


def _is_server(process: Path) -> bool:
    try:
        return (process / "comm").read_text(encoding="utf-8", errors="replace").strip() in _SERVER_PROGRAMS
    except OSError:
        return False


def _works_below(process: Path, home: Path) -> bool:
    try:
        # The kernel marks a removed folder; its processes still belong to this cluster.
        place = str((process / "cwd").readlink()).removesuffix(" (deleted)")
    except OSError:
        return False
    return Path(place).is_relative_to(home)


def _kill(process_id: int) -> None:
    try:
        os.kill(process_id, signal.SIGKILL)
    except ProcessLookupError:
        return
