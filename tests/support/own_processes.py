"""The processes that a test process started, directly or not, and which of them are still alive.

Linux makes a process that has lost its parent a child of the nearest ancestor that adopts such processes. So
whatever the tests start stays below the process that runs them, and nothing else of the machine is looked at.
"""

import ctypes
import os
import time
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Become the parent of every descendant that loses its own."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def children(parent: int) -> list[int]:
    """Ids of the processes directly below `parent`."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{parent}/task").iterdir():
            with suppress(OSError):
                found += [int(word) for word in (task / "children").read_text().split()]
    return found


def descendants(ancestor: int, except_for: Collection[int] = ()) -> Iterator[tuple[int, list[str]]]:
    """Id and command line of every process below `ancestor`, but not below its children `except_for`.

    The command line of a dead one is empty.
    """
    for child in children(ancestor):
        if child in except_for:
            continue
        with suppress(OSError):
            words = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace").split("\0")
            yield child, words
        yield from descendants(child)


def is_alive(process_id: int) -> bool:
    """Whether the process runs; one that ended and was not yet waited for does not."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def left_alive(timeout_s: float, except_for: Collection[int] = ()) -> dict[int, str]:
    """Id and command line of what does not end in time below this process, but not below `except_for`."""
    deadline = time.monotonic() + timeout_s
    while left := {
        pid: " ".join(words).strip() for pid, words in descendants(os.getpid(), except_for) if is_alive(pid)
    }:
        if time.monotonic() > deadline:
            break
        time.sleep(0.05)
    return left
