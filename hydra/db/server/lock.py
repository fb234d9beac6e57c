"""A file lock, released by the kernel when its holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO

from hydra.db.server.waiting import Wait, wait_until


@contextmanager
def exclusive(path: Path, wait: Wait = wait_until) -> Iterator[None]:
    """Hold the lock on `path` (created if absent); waits until it is free.

    Children do not inherit the lock, so one that outlives a killed holder blocks nobody. Other accounts
    cannot open the file: whoever reads it could hold the lock for ever.
    """
    while True:
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "a") as file:
            if os.fstat(file.fileno()).st_uid == os.geteuid():
                os.fchmod(file.fileno(), 0o600)
            wait(partial(_try_lock, file))
            # The last holder may have deleted the file: then the lock of this one binds nobody.
            if _is_still(path, file):
                yield
                return


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, file: IO[str]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
