"""The processes that work in a folder: what a killed server or a killed starter left behind."""

import os
import signal
import time
from pathlib import Path
from typing import Final

KILL_TIMEOUT_S: Final = 10.0


def processes_in(folder: Path) -> list[int]:
    """Ids of the processes whose working directory is `folder` or lies below it.

    A PostgreSQL server and all its backends work in their data directory, whatever became of their parent.
    Processes of other users are not visible to an ordinary user, and are not ours.
    """
    home = folder.resolve()
    return sorted(
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (place := _working_directory(entry)) and place.is_relative_to(home)
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


def _working_directory(process: Path) -> Path | None:
    try:
        # The kernel marks a removed folder; its processes are still ours.
        return Path(str((process / "cwd").readlink()).removesuffix(" (deleted)"))
    except OSError:
        return None


def _kill(process_id: int) -> None:
    try:
        os.kill(process_id, signal.SIGKILL)
    except ProcessLookupError:
        return
