"""`python -m hydra.runtime.die_with_parent PARENT COMMAND...`: run a command that ends when its parent ends.

The kernel kills the process when the one that started it is gone, even by kill -9, so that a dead supervisor
leaves no workers behind. Linux only, as the private database is.
"""

import ctypes
import multiprocessing
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def end_with_parent() -> None:
    """Have the kernel kill this process when its parent ends.

    Raises:
        OSError: the kernel refused.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def end_with_spawner() -> None:
    """Have a process that multiprocessing spawned end with the one that spawned it; nothing elsewhere.

    The dramatiq command starts its workers so. They would wait for ever for a master that was killed.

    Raises:
        OSError: the kernel refused.
    """
    spawner = multiprocessing.parent_process()
    if spawner is None:
        return
    end_with_parent()
    if not spawner.is_alive():
        sys.exit("the process that started this one has already ended")


def bound(command: list[str]) -> list[str]:
    """`command`, to be started by this process, so that it does not outlive it."""
    return [sys.executable, "-m", "hydra.runtime.die_with_parent", str(os.getpid()), *command]


def main(arguments: list[str]) -> None:
    """Become the command, unless the parent is gone already."""
    parent, *command = arguments
    end_with_parent()
    if os.getppid() != int(parent):
        sys.exit("the process that started this one has already ended")
    os.execv(command[0], command)  # noqa: S606  # a list of arguments, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
