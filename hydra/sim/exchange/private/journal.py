"""What an account was asked, on disk before it is answered: the account survives the end of its exchange.

The market is made again from its seed, so the changes and their instants give the account again, to the last
id. `journal.jsonl` holds a line a change, appended and flushed to the disk. `reached` holds the last second
of the market that was told to anyone: there the exchange goes on.
"""

import errno
import fcntl
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from hydra.errors import StopError
from hydra.sim.exchange.account.settings import AccountSettings

_REACHED_BYTES: Final = 16


class AccountChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change. after_ms: the last second of the market before it. call: see `KeptAccount`."""

    after_ms: int
    now_ms: int
    call: str
    sent: Mapping[str, str]
    fault: str = ""


class _First(msgspec.Struct, frozen=True):
    """The first line."""

    version: int
    settings: AccountSettings


_VERSION: Final = 1


class AccountJournal:
    """The journal in a folder, opened for this process alone. settings: how the account began.

    Raises:
        StopError: another process has it, or it cannot be read.
    """

    def __init__(self, folder: Path, settings: AccountSettings) -> None:
        self.settings = settings
        self.changes: list[AccountChange] = []
        """What had happened when it was opened."""
        self._path = folder / "journal.jsonl"
        self._failure: StopError | None = None
        with ExitStack() as opened:
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = opened.enter_context(self._path.open("a+b", buffering=0))
                self._reached = os.open(folder / "reached", os.O_RDWR | os.O_CREAT, 0o600)
                opened.callback(os.close, self._reached)
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self._read()
            except BlockingIOError:
                raise StopError(
                    f"{folder}: another exchange serves this account now; stop it, or name a new --account"
                ) from None
            except OSError as error:
                raise StopError(f"{folder}: {error.strerror}") from None
            self._opened = opened.pop_all()

    @property
    def reached_ms(self) -> int | None:
        """The last second that was told to anyone, or None before the first."""
        text = os.pread(self._reached, _REACHED_BYTES, 0)
        after = [change.after_ms for change in self.changes[-1:]]
        return max([*after, int(text)]) if text.strip().isdigit() else max(after, default=None)

    def reach(self, instant_ms: int) -> None:
        """Note the second that is told now: kill -9 does not lose it.

        Raises:
            StopError: it, or a change before, cannot be written: the account must not go on.
        """
        if self._failure is None:
            self._written(lambda: os.pwrite(self._reached, f"{instant_ms:>{_REACHED_BYTES}}".encode(), 0))
        if self._failure is not None:
            raise self._failure

    def add(self, change: AccountChange) -> None:
        """Write a change to the disk. Raises StopError, and so does the next `reach`."""
        self._written(lambda: self._append(change))
        if self._failure is not None:
            raise self._failure

    def _append(self, line: AccountChange | _First) -> None:
        content = msgspec.json.encode(line) + b"\n"
        if self._file.write(content) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fdatasync(self._file.fileno())

    def _written(self, write: Callable[[], object]) -> None:
        try:
            write()
        except OSError as error:
            self._failure = StopError(f"{self._path.parent}: {error.strerror}; the exchange stops")

    def close(self) -> None:
        """Let another process have it."""
        self._opened.close()

    def _read(self) -> None:
        self._file.seek(0)
        whole, _, torn = self._file.read().rpartition(b"\n")
        if torn:
            # It was never answered: the process ended while it wrote.
            self._file.truncate(len(whole) + bool(whole))
        if not whole:
            self._append(_First(_VERSION, self.settings))
            return
        number = 1
        try:
            first, *lines = whole.split(b"\n")
            begun = msgspec.json.decode(first, type=_First)
            for number, line in enumerate(lines, start=2):  # noqa: B007  # named in the error
                self.changes.append(msgspec.json.decode(line, type=AccountChange))
        except msgspec.MsgspecError as error:
            raise self._unreadable(f"line {number}: {error}") from None
        if begun.version != _VERSION:
            raise self._unreadable(f"it is of version {begun.version}")
        self.settings = begun.settings

    def _unreadable(self, words: str) -> StopError:
        return StopError(f"{self._path}: {words}; give a new --account FILE for a new account")


def folder_of(root: Path, venue: str, name: str) -> Path:
    """Where the journal of an account at a venue lies."""
    return root / "simulated_accounts" / venue / name
