"""`python -m hydra.die_with_parent PARENT COMMAND...`: run a command that ends when its parent ends.

The kernel kills the process when its parent ends, even by kill -9, so a dead supervisor leaves no workers
behind. For the kernel the parent is the thread that started the process: only a thread that lives as long as
its process may start one. Linux only, like the private database.
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
    """Make a process started by multiprocessing end with its parent; does nothing in other processes.

    If the parent has already ended, this process ends at once, without any clean-up: that would wait for
    locks which the parent took along.

    Raises:
        OSError: the kernel refused.
    """
    spawner = multiprocessing.parent_process()
    if spawner is None:
        return
    end_with_parent()
    if os.getppid() != spawner.pid:
        os._exit(1)


def bound(command: list[str]) -> list[str]:
    """`command` wrapped so that it ends with this process, which must start it."""
    return [sys.executable, "-m", "hydra.die_with_parent", str(os.getpid()), *command]


def main(arguments: list[str]) -> None:
    """Replace this process by the command, unless the parent has already ended."""
    parent, *command = arguments
    end_with_parent()
    if os.getppid() != int(parent):
        sys.exit("the process that started this one has already ended")
    os.execv(command[0], command)  # noqa: S606  # a list of arguments, no shell


if __name__ == "__main__":
    main(sys.argv[1:])
