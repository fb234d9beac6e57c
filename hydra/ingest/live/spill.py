"""Batches that wait on disk while the database is away: a file a batch, oldest first.

A file is written under another name, synced and renamed, so that a process which is killed leaves it whole or
not at all; it is removed after its rows are committed. So rows are stored at least once, and the merge drops
those that a killed process had stored already.
"""

import os
from pathlib import Path
from typing import Final

from hydra.errors import BadDataError, StopError
from hydra.ingest.live.batch import Batch, from_bytes, to_bytes

_ENDING: Final = ".batch"
_DAMAGED: Final = ".damaged"


class SpillFolder:
    """The waiting batches of one venue. rows: how many rows they hold."""

    def __init__(self, folder: Path) -> None:
        """Open `folder`, with what an earlier process has left in it.

        Raises:
            StopError: it cannot be used.
        """
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for unfinished in folder.glob("*.new"):
                unfinished.unlink()
            self._paths = sorted(folder.glob(f"*{_ENDING}"))
        except OSError as error:
            raise StopError(f"{folder} cannot hold waiting rows: {error.strerror}") from None
        self._next = _number(self._paths[-1]) + 1 if self._paths else 0
        self.rows = sum(map(_rows, self._paths))

    def __bool__(self) -> bool:
        """Whether anything waits."""
        return bool(self._paths)

    def add(self, batch: Batch) -> None:
        """Append `batch`.

        Raises:
            OSError: the disk does not take it; then nothing has changed.
        """
        path = self._folder / f"{self._next:012}-{batch.rows}{_ENDING}"
        unfinished = path.with_suffix(".new")
        try:
            with unfinished.open("wb") as file:
                file.write(to_bytes(batch))
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
            _sync(self._folder)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self._next += 1
        self._paths.append(path)
        self.rows += batch.rows

    def oldest(self) -> Batch:
        """The batch that has waited longest; it stays until `remove_oldest`.

        Raises:
            BadDataError: the file is damaged; it was set aside and the next one is the oldest.
            StopError: it cannot be read.
        """
        path = self._paths[0]
        try:
            return from_bytes(path.read_bytes())
        except BadDataError as error:
            self._forget_oldest()
            path.rename(path.with_suffix(_DAMAGED))
            raise BadDataError(f"{path} with {_rows(path)} rows is left out: {error}") from None
        except OSError as error:
            raise StopError(f"{path} cannot be read: {error.strerror}") from None

    def remove_oldest(self) -> None:
        """Delete the batch that `oldest` gave: it is stored."""
        self._paths[0].unlink(missing_ok=True)
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        self.rows -= _rows(self._paths.pop(0))


def _number(path: Path) -> int:
    return int(path.stem.partition("-")[0])


def _rows(path: Path) -> int:
    return int(path.stem.partition("-")[2])


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
